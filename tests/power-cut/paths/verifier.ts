/** The paths that the verifier takes: metadata that it trusts, releases that it endorses, commands that it has passed on. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command, CommandEnvelope } from "@bulkhead/protocol";
import { expect } from "vitest";
import { makeStores } from "../../../runtime/src/compartment/directories.ts";
import { installRelease } from "../../../runtime/src/generations/install.ts";
import { openFloorClock } from "../../../runtime/src/verifier/clock-floor.ts";
import { signCommand } from "../../../studio/src/api/sign-command.ts";
import { memorySigner } from "../../../studio/src/keys/signer.ts";
import { asked } from "../../releases/bench.ts";
import type { UpdatePath } from "../update-path.ts";
import { overlayPaths } from "./overlays.ts";
import {
  expectAccepted,
  expectRefused,
  install,
  makeDirectories,
  type Opened,
  open,
  type Published,
  type Staged,
} from "./published.ts";

export function verifierPaths(published: Published) {
  return {
    "the first metadata": firstMetadata(published),
    "newer metadata": newMetadata(published),
    "an endorsement": endorsement(published),
    ...overlayPaths(published),
    "a command": command(published),
    "a signed command": signedCommand(published),
  };
}

/** Metadata with a newer root is judged and trusted from then on. */
function newMetadata(published: Published): UpdatePath {
  const [first, second, third] = published.staged;
  return {
    async prepare(root) {
      await makeDirectories(root);
      for (const staged of [first, second]) await install(root, published, staged);
    },
    run: (root, reached) => judge(root, published, third).then(() => reached("judged it")),
    async check(root, reached) {
      await expectRefused(root, published, first);
      if (reached.size > 0) await expectRefused(root, published, second);
      await expectUpdates(root, published);
    },
  };
}

/** What was judged is unpacked and endorsed, and the clock's floor raised, while the root server has the one before it in hand. */
function endorsement(published: Published): UpdatePath {
  const [first, second, third] = published.staged;
  return {
    async prepare(root) {
      await makeDirectories(root);
      for (const staged of [first, second]) await install(root, published, staged);
      await judge(root, published, third);
    },
    async run(root, reached) {
      const gate = await open(root, published, third);
      expectAccepted(await gate.install(asked(third.built)));
      await reached("endorsed it");
    },
    async check(root, reached) {
      const isEndorsed = reached.size > 0;
      for (const staged of isEndorsed ? [second, third] : [second]) await expectInstallable(root, staged);
      // Whoever asked has its answer and does not ask again, so the root server is told again, in the same order.
      const { told } = await open(root, published, third);
      const both = [second, third].map(({ built }) => `activate ${built.digest} again`);
      expect(told).toEqual(both.slice(0, told.length));
      expect(told.length).toBeGreaterThanOrEqual(isEndorsed ? 2 : 1);
      const { floorMs } = await openFloorClock(join(root, "verifier"), 0);
      expect(floorMs).toBeGreaterThanOrEqual((isEndorsed ? third : second).built.release.builtAtMs);
      await expectUpdates(root, published);
    },
  };
}

/** What a device that has never been updated trusts first, in stores that were just made for it, before it has anything to go back to. */
function firstMetadata(published: Published): UpdatePath {
  const [first, second] = published.staged;
  return {
    prepare: async () => undefined,
    async run(root, reached) {
      await makeStores(root);
      await judge(root, published, second);
      await reached("judged it");
    },
    async check(root, reached) {
      await makeStores(root);
      if (reached.size > 0) await expectRefused(root, published, first);
      await expectUpdates(root, published);
    },
  };
}

async function judge(root: string, published: Published, { built, staging }: Staged): Promise<void> {
  const gate = await open(root, published, { built, staging });
  expectAccepted((await gate.examine(asked(built))).verdict);
}

/** It goes on, and keeps no more than it needs. */
async function expectUpdates(root: string, published: Published): Promise<void> {
  for (const staged of published.staged.slice(2)) {
    await install(root, published, staged);
    expect(await readdir(join(root, "endorsed"))).toEqual([staged.built.digest]);
  }
  const generations = (await readdir(join(root, "verifier", "tuf"))).filter((name) => name !== "new");
  expect(generations.length).toBeLessThanOrEqual(2);
}

/** A command that reaches into the device is passed on at most once. */
function command(published: Published): UpdatePath {
  const [first] = published.staged;
  const envelope = (): CommandEnvelope => ({
    id: randomUUID(),
    deviceId: published.config.provisioning.deviceId,
    deadlineMs: Date.now() + 3_600_000,
    command: { kind: "restart-component", component: "one" },
  });
  const [before, now] = [envelope(), envelope()];
  return {
    async prepare(root) {
      await makeDirectories(root);
      await (await open(root, published, first)).command(before);
    },
    async run(root, reached) {
      const gate = await open(root, published, first);
      expectAccepted(await gate.command(now));
      if (gate.told.length > 0) await reached("passed it on");
    },
    async check(root, reached) {
      const gate = await open(root, published, first);
      expectAccepted(await gate.command(before));
      expect(gate.told).toEqual([]);
      expectAccepted(await gate.command(now));
      if (reached.size > 0) expect(gate.told).toEqual([]);
      expectAccepted(await gate.command(envelope()));
      expect(gate.told.at(-1)).toBe("restart");
    },
  };
}

/** An operator's word counts once, whatever was cut and whoever kept it. */
function signedCommand(published: Published): UpdatePath {
  const [first] = published.staged;
  const { deviceId } = published.config.provisioning;
  const openSigned = (root: string) => open(root, published, first, { unsignedCommands: false });
  /** Each that was ever given to a verifier. */
  const given: CommandEnvelope[] = [];
  const envelope = (command: Command): CommandEnvelope => ({
    ...{ id: randomUUID(), deviceId, command },
    deadlineMs: Date.now() + 3_600_000,
  });
  async function give(gate: Opened): Promise<void> {
    const { challenge = "", ...verdict } = await gate.command(envelope({ kind: "challenge" }));
    expectAccepted(verdict);
    const order = envelope({ kind: "restart-component", component: "one" });
    const signed = await signCommand(deviceId, order.command, challenge, 60_000, [memorySigner(published.operator)]);
    given.push({ ...order, signed });
    expectAccepted(await gate.command({ ...order, signed }));
  }
  return {
    async prepare(root) {
      await makeDirectories(root);
      await give(await openSigned(root));
    },
    async run(root, reached) {
      const gate = await openSigned(root);
      await give(gate);
      if (gate.told.length > 0) await reached("passed it on");
    },
    async check(root) {
      const gate = await openSigned(root);
      for (const before of given.slice(-3)) {
        await gate.command(before);
        const again = await gate.command({ ...before, id: randomUUID() });
        expect(again).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
      }
      expect(gate.told).toEqual([]);
      await give(gate);
      given.pop();
      expect(gate.told).toEqual(["restart"]);
    },
  };
}

/** As the root server does once it was told. */
async function expectInstallable(root: string, { built }: Staged): Promise<void> {
  const dataDir = join(root, "data");
  await mkdir(join(dataDir, "releases"), { recursive: true });
  expect(await installRelease(dataDir, join(root, "endorsed", built.digest))).toEqual(built.release);
  await rm(dataDir, { recursive: true });
}
