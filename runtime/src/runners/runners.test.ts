import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Component } from "@bulkhead/protocol";
import { plainComponent } from "@bulkhead/protocol/testing";
import { describe, expect, test } from "vitest";
import { executionOf } from "./index.ts";

const runtimesDir = join(tmpdir(), "bulkhead-there-is-none");
const subject = (component: Partial<Component>) => ({
  name: "one",
  component: { ...plainComponent({ image: { artifact: "0".repeat(64), source: "./one" } }), ...component },
  bundle: "/bundles/one",
  nodePath: process.execPath,
  runtimesDir,
  workerHost: "/platform/worker-host",
});
const bundle = { kind: "ro", source: "/bundles/one", target: "/app" };

describe("[K10] how a runner runs a component", () => {
  test("a freestanding one has its program, no environment, a bare sandbox and the smallest filter", async () => {
    expect(await executionOf(subject({ runner: "native", environment: "freestanding" }))).toEqual({
      command: ["/app/main"],
      environment: {},
      mounts: [bundle],
      profile: "freestanding",
      surroundings: "bare",
    });
  });

  test("a hosted program has no loader and no library either", async () => {
    const execution = await executionOf(subject({ runner: "native", environment: "hosted" }));
    expect(execution).toMatchObject({ mounts: [bundle], profile: "component", surroundings: "hosted" });
  });

  test("a runtime that the device has not is named, with the way out", async () => {
    for (const [runner, name] of [
      ["bun", "bun"],
      ["beam", "erlang"],
    ] as const) {
      const refused = executionOf(subject({ runner }));
      await expect(refused).rejects.toMatchObject({
        code: "COMPONENT_START_FAILED",
        message: expect.stringContaining(name),
      });
    }
  });

  test("a runner that there is none of starts nothing", async () => {
    await expect(executionOf(subject({ runner: "vm" }))).rejects.toMatchObject({ code: "COMPONENT_START_FAILED" });
  });
});
