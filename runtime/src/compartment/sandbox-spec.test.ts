import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import type { Device } from "../device/index.ts";
import { buildSpec } from "./sandbox-spec.ts";

test("[K2] a component that asks for a debugger is not started without one", async () => {
  const component = plainComponent({ attach: ["inspector"] });
  // It is refused before anything of the device is looked at.
  const device = { config: { board: "virtual" } } as Device;
  const built = buildSpec(
    device,
    plainSystem(),
    "",
    "one",
    component,
    () => null,
    { mounts: [], storage: undefined },
    1,
  );
  await expect(built).rejects.toMatchObject({
    code: "COMPONENT_START_FAILED",
    message: "one asks for attach: inspector",
  });
});
