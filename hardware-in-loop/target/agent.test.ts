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
