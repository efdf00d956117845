import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll, until } from "../../runtime/src/root-server/testing/bench.ts";
import type { SpecDevice, SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { bootChannels } from "./boot.ts";

describe("[K3] every kind of channel, between two sandboxes", () => {
  let device: SpecDevice;
  let asker: ReturnType<SpecWorld["console"]>;

  beforeAll(async () => {
    const booted = await bootChannels(join(import.meta.dirname, "system/manifest.yaml"));
    device = booted.device;
    await booted.world.line(/generation 1 .* (starts|is on trial)/);
    asker = booted.world.console("asker");
  });
  afterAll(async () => {
    asker?.close();
    await cleanUpAll();
  });

  test("does what the manifest says of it and refuses the rest by its code", async () => {
    const line = await until(() => asker.lines.find((text) => text.startsWith("{")), "what the asker met");
    const { limited, ...met } = JSON.parse(line);
    expect(met).toEqual({
      sees: ["inspected", "listed", "plain", "shared"],
      plain: "ok",
      listed: ["ok", "IPC_NOT_GRANTED"],
      inspected: ["ok", "IPC_NOT_GRANTED"],
      counted: 5_000,
      turned: [200_008, 9],
      grown: "ENOSPC",
      cutOff: "IPC_LEASE_INVALID",
      stillThere: "ok",
    });
    expect(limited).toBeGreaterThan(50);
  });

  test("of those that are inspected breaks with the message server and comes back; the others do not notice", async () => {
    await until(() => asker.lines.includes("inspected ok") && asker.lines.includes("plain ok"), "both channels");
    await device.ask("restart message-server");
    // A call may not notice, for it is repeated: what tells is the connection.
    await until(() => asker.lines.includes("inspected down"), "the inspected channel to break");
    const wentDown = asker.lines.indexOf("inspected down");
    await until(() => asker.lines.includes("inspected up", wentDown), "the inspected channel to come back");
    expect(asker.lines.filter((text) => text.startsWith("plain "))).toEqual(["plain up", "plain ok"]);
  });
});
