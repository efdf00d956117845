/** A watchdog that nobody pets any more really resets its board: the emulator says so, and so does the life after it. */
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { architectures } from "../../../../hardware-in-loop/emulated/architecture.ts";
import type { EmulatedBoard } from "../../../../hardware-in-loop/emulated/boards/board.ts";
import { imx8mmEvk } from "../../../../hardware-in-loop/emulated/boards/imx8mm-evk.ts";
import { virt } from "../../../../hardware-in-loop/emulated/boards/virt.ts";
import { type GuestOutcome, runInGuest } from "../../../../hardware-in-loop/emulated/guest.ts";
import { boardSpecs } from "../../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "../../guest/verdicts.ts";

const qemuVirt = virt(architectures.arm64);
const withPci: EmulatedBoard = {
  ...qemuVirt,
  devices: [...qemuVirt.devices, "-device", "i6300esb"],
  modules: [...qemuVirt.modules, "i6300esb"],
};

describe("[K11] the watchdog driver on a board whose watchdog can be unplugged", () => {
  proveInGuest(withPci, { "drivers/watchdog/linux.board.ts": [] }, boardSpecs);
});

describe.each([
  // QEMU's i.MX forgets at a reset why it was, so this board ends there, and its next life says nothing.
  { board: imx8mmEvk, how: "hang", what: "whose client pets no more while its driver lives on", startsAgain: false },
  { board: withPci, how: "kill", what: "whose driver was killed", startsAgain: true },
])("[K11] the watchdog of $board.name, $what", ({ board, how, startsAgain }) => {
  let directory: string;
  let outcome: GuestOutcome;
  let events: readonly string[];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bulkhead-watchdog-"));
    const path = join(directory, "qmp");
    const listener = listenForEvents(path);
    // A second line to QEMU, and a board that starts again where others end.
    const again = startsAgain ? ["-action", "reboot=reset"] : [];
    const devices = [...board.devices, ...again, "-qmp", `unix:${path},server=on,wait=off`];
    outcome = await runInGuest({
      board: { ...board, devices },
      argv: ["node", "tests/prove/drivers/watchdog/petting.ts", how],
      ...{ processors: 2, memoryMiB: 1024, nice: 0, boundMs: 1_200_000 },
      onOutput: (text) => process.stderr.write(text),
    });
    events = listener.stop();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("holds while it is petted, for longer than its time", () => {
    expect(outcome.output).toMatch(/last reset by nobody, standing/);
    expect(outcome.output).toMatch(/petted for [4-9]\d s/);
  });

  test("resets the board when nobody pets it any more", () => {
    expect(events.filter((event) => event === "WATCHDOG")).toHaveLength(1);
    expect(events).toContain(startsAgain ? "RESET" : "SHUTDOWN");
    expect(outcome.output).not.toMatch(/nobody was reset/);
  });

  test.runIf(startsAgain)("is what the next life says that it comes from", () => {
    expect(outcome.output).toMatch(/last reset by watchdog/);
    expect(outcome.exitCode).toBe(0);
  });

  test.runIf(!startsAgain)("ends the life of the board, in the middle of its command", () => {
    expect(outcome.exitCode).toBeNull();
  });
});

/** Names of the events that QEMU tells at `path`, which it makes when it starts. */
function listenForEvents(path: string): { stop(): readonly string[] } {
  const events: string[] = [];
  let rest = "";
  let socket: Socket | undefined;
  let isStopped = false;
  function dial(): void {
    if (isStopped) return;
    socket = connect(path);
    socket.on("connect", () => socket?.write('{"execute":"qmp_capabilities"}\n'));
    socket.on("error", () => setTimeout(dial, 100));
    socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines)
        events.push(...[...line.matchAll(/"event": "([A-Z_]+)"/g)].map(([, name]) => name as string));
    });
  }
  dial();
  return {
    stop() {
      isStopped = true;
      socket?.destroy();
      return events;
    },
  };
}
