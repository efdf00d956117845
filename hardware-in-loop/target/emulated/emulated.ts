/** The target of an emulated station: our own image on a card, enrolled with a Studio Server of this machine, in a board that QEMU makes. */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, releaseTargetName } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import type { Buildable } from "../../../studio/src/image/board.ts";
import { openLoop } from "../../emulated/lines.ts";
import type { Station } from "../../station/station.ts";
import { writeSystem } from "../../system/write.ts";
import { openAgent } from "../agent.ts";
import type { Target, TargetState } from "../target.ts";
import { publishWithBase } from "./base-release.ts";
import { type Card, flashCard } from "./card.ts";
import { openImageFor } from "./image.ts";
import { prepareMachine } from "./machine.ts";
import { type ImageMachine, type MachineName, machines } from "./machines.ts";
import { readPaced } from "./paced.ts";
import { type Server, startServer } from "./server.ts";
import { openShell, shellWords } from "./shell.ts";
import { openStimulus } from "./stimulus.ts";
import { versionsIn } from "./versions.ts";
import { openWire } from "./wire.ts";

export type EmulatedOptions = {
  readonly station: Station;
  readonly board: Board;
  readonly machine: MachineName;
  /** Where what is made for the station can be. */
  readonly directory: string;
};

const device = "emulated-1";
/** An emulated board starts ten times slower than a real one: all that a trial has to wait for is a start. */
const patientTrial = { update: { window: "15min" } };

/** Builds the image, or takes the one that is kept, flashes a card with it and gives the board its power. */
export async function openEmulated(options: EmulatedOptions): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-hil-"));
  const removed = () => rm(directory, { recursive: true, force: true });
  const server = await startServer("hil").catch(async (error: unknown) => {
    await removed();
    throw error;
  });
  try {
    return await openWith(options, server, directory);
  } catch (error) {
    await server.stop().finally(removed);
    throw error;
  }
}

async function openWith(options: EmulatedOptions, server: Server, directory: string): Promise<Target> {
  const { station, board, directory: systems } = options;
  const machine: ImageMachine = machines[options.machine];
  const file = (name: string) => join(directory, name);
  const paced = await readPaced(board.board, machine.pace);
  const manifestOf = async (version: string, more: object = {}) => {
    const manifest = await writeSystem(station, board, join(systems, version), version, more);
    await paced.writeBeside(manifest);
    return manifest;
  };
  const manifest = await manifestOf("1.0.0");
  const { card, image } = await prepareCard(machine, paced.buildable, manifest, server, directory);
  const wire = await openWire(file("console"), join(systems, "console.log"));
  const loop = await openLoop(file("loop"));
  const under = { world: server.world, namespace: server.namespace, logFile: join(server.paths.logDir, "board.log") };
  const power = await prepareMachine({ ...under, machine, board: paced.buildable, directory, card, image });
  const find = async () => {
    // It enrols itself, by the token that its card has.
    const devices = await server.client.devices();
    return devices.find(({ name }) => name === device)?.id;
  };
  const agent = openAgent(server.client, find, async () => [await server.operator()]);
  const shell = openShell(wire);
  const stimulus = openStimulus(machine, board, file);
  let state: TargetState = "off";
  /** Where the console stood at the last start. */
  let startedAt = 0;
  let counter = 1;

  const expectRestart = () => {
    agent.forget();
    stimulus.forget();
    startedAt = wire.text().length;
    state = "booting";
  };
  const giveItPower = async () => {
    if (state !== "off") return;
    expectRestart();
    await power.start();
  };
  return {
    get state() {
      return state;
    },
    agent,
    stimulus,
    expectRestart,
    async toAgent(boundMs) {
      await giveItPower();
      const status = await agent.untilReady(boundMs);
      state = "agent";
      return status;
    },
    async toShell(boundMs) {
      await giveItPower();
      if (state === "booting") {
        const from =
          machine.start.by === "loader" ? (await wire.until(/Starting kernel/, boundMs, startedAt)).end : startedAt;
        await shell.untilThere(boundMs, from);
        state = "shell";
      }
      return shell;
    },
    async cutPower() {
      await power.kill();
      stimulus.forget();
      state = "off";
    },
    async publishNext() {
      counter += 1;
      const { release, releaseDigest } = await server.publish(await manifestOf(`1.0.${counter - 1}`), counter);
      return { target: releaseTargetName(release), digest: releaseDigest };
    },
    async publishBase(isBroken) {
      counter += 1;
      const manifest = await manifestOf(`1.0.${counter - 1}`, patientTrial);
      return publishWithBase(server, manifest, counter, { board: paced.buildable, directory: file("image"), isBroken });
    },
    async trySlotB() {
      if (state !== "off") throw new BulkheadError("STATION_FAILED", "a card is not changed while the board runs");
      // The bench's loader finds nothing wrong with a slot; its kernel does.
      if (machine.start.by === "bench") await card.copyBoot();
      await card.setRecord({ turn: "0", current: "a", trying: "b", tries: "iii" });
    },
    console: async () => wire.text(),
    async versions() {
      const release = (await agent.status())?.release;
      const { emulator } = power;
      return { ...(await versionsIn(image)), emulator, release: release?.digest ?? "none" };
    },
    async close() {
      await power.kill();
      stimulus.forget();
      wire.close();
      loop.close();
      await copyFile(under.logFile, join(systems, "emulator.log")).catch(() => undefined);
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function prepareCard(
  machine: ImageMachine,
  buildable: Buildable,
  manifest: string,
  server: Server,
  directory: string,
): Promise<{ card: Card; image: string }> {
  const image = join(await openImageFor(buildable, manifest, server.note), `${buildable.board.board}.img`);
  // The release that the image has: the service is to know what its device runs.
  await server.publish(manifest, 1);
  await mkdir(directory, { recursive: true });
  const { cardBytes: sizeBytes } = machine;
  const card = await flashCard({ file: join(directory, "card"), sizeBytes, image, server: server.name, device });
  await card.addWords(shellWords(machine.console));
  return { card, image };
}
