import { expect, test } from "vitest";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { openAgent } from "./agent.ts";

/** A service that has heard of one device long ago, and never of another. */
const client = {
  status: async (id: string) => {
    if (id !== "d-1") throw new Error(`asked of ${id}`);
    return { status: { components: [] }, receivedAtMs: 1000 };
  },
} as unknown as StudioClient;

const noOperator = async () => [];

test("[K19] a board that enrols itself has no state before, and is looked for until it has", async () => {
  let id: string | undefined;
  let looks = 0;
  const agent = openAgent(
    client,
    async () => {
      looks += 1;
      return id;
    },
    noOperator,
  );
  expect(await agent.status()).toBeUndefined();
  await expect(agent.logLines("gpio")).rejects.toMatchObject({ code: "TARGET_NOT_REACHED" });
  id = "d-1";
  expect(await agent.status()).toEqual({ components: [] });
  await agent.status();
  expect(looks).toBe(3);
});

test("[K19] what a board said before its power was cut is not what it says now", async () => {
  const agent = openAgent(client, async () => "d-1", noOperator);
  expect(await agent.status()).toBeDefined();
  agent.forget();
  expect(await agent.status()).toBeUndefined();
});

test("[K19] an order for a release is good for as long as it is waited for, and says why the board did not take it", async () => {
  const given: unknown[] = [];
  const service = {
    command: async (_: string, request: unknown) => {
      given.push(request);
      return { id: "c-1" };
    },
    commands: async () => [{ id: "c-1", state: "failed", code: "COMMAND_EXPIRED", message: "fetching a blob" }],
  } as unknown as StudioClient;
  const agent = openAgent(service, async () => "d-1", noOperator);
  const publication = { target: "bench-2.json", digest: "ab".repeat(32) };
  await expect(agent.order(publication, 400_000)).rejects.toMatchObject({
    code: "DEVICE_FAILED",
    message: "the release bench-2.json: failed: fetching a blob",
  });
  expect(given).toEqual([
    { command: { kind: "deploy", target: "bench-2.json", releaseDigest: publication.digest }, timeoutMs: 400_000 },
  ]);
});
