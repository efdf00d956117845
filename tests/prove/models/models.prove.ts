/**
 * The models of supervision, of a channel, of a start and of an update, checked by spin in every order of events: each holds, and each of
 * its rules is needed (without it the check fails). runtime/src/supervision/model.test.ts, sdk/src/channel/calls.test.ts and
 * tests/releases/update-model.test.ts hold the code to the same properties by random histories.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";

const models = new URL("../../models/", import.meta.url).pathname;
const cache = new URL("../../../.cache/spin/", import.meta.url).pathname;
const spin = join(cache, "usr/bin/spin");

beforeAll(async () => {
  if ((await execa(spin, ["-V"], { reject: false })).failed) await unpackSpin();
}, 120_000);

/** Debian's spin, unpacked and not installed: it is for this proof and no part of the product. */
async function unpackSpin(): Promise<void> {
  await execa("mkdir", ["-p", cache]);
  await execa("apt-get", ["download", "spin"], { cwd: cache });
  const found = (await readdir(cache)).find((name) => name.endsWith(".deb"));
  await execa("dpkg", ["-x", join(cache, found ?? ""), cache]);
}

type Result = { readonly errors: number; readonly states: number; readonly why: string };

/**
 * `claim`: `rest` looks for a state in which nothing moves and something is wrong; `progress` for a way to go on for ever. `optimised`: the
 * compiler takes longer over a search than most of them last, and all that find something.
 */
async function check(
  model: string,
  defines: readonly string[],
  claim: "rest" | "progress" = "rest",
  optimised: "-O0" | "-O1" = "-O0",
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-model-"));
  try {
    const options = defines.map((name) => `-D${name}`);
    await execa(spin, [...options, "-a", join(models, `${model}.pml`)], { cwd: directory });
    const mode = claim === "rest" ? "-DSAFETY" : "-DNP";
    await execa("gcc", [optimised, "-w", "-DVECTORSZ=4096", mode, "-o", "pan", "pan.c"], { cwd: directory });
    // -E: that nothing moves is no fault here, the models judge it themselves. -l: cycles without progress.
    const how = claim === "rest" ? ["-E"] : ["-l"];
    const { stdout } = await execa(join(directory, "pan"), [...how, "-m1000000"], { cwd: directory, timeout: 600_000 });
    // A search that was cut short has proved nothing.
    expect(stdout).not.toMatch(/max search depth too small|out of memory/);
    return {
      errors: Number(/errors: (\d+)/.exec(stdout)?.[1]),
      states: Number(/([\d.e+]+) states, stored/.exec(stdout)?.[1]),
      why: /^pan:\d+: (.*)$/m.exec(stdout)?.[1] ?? "",
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const withStop = "WITH_STOP";

describe.concurrent.each([
  { model: "supervision", defines: [], claim: "rest" },
  { model: "supervision", defines: [withStop], claim: "rest" },
  { model: "channel", defines: [], claim: "rest" },
  { model: "start", defines: [], claim: "rest" },
  { model: "supervision", defines: [], claim: "progress" },
  { model: "channel", defines: [], claim: "progress" },
  { model: "start", defines: [], claim: "progress" },
  { model: "update", defines: [], claim: "rest" },
  { model: "update", defines: [], claim: "progress" },
] as const)("[K2] $model $defines ($claim)", ({ model, defines, claim }) => {
  test.concurrent("holds in every order of events", async () => {
    const { errors, states, why } = await check(model, defines, claim, "-O1");
    expect([errors, why]).toEqual([0, ""]);
    expect(states).toBeGreaterThan(100);
  });
});

test.concurrent.each([
  ["supervision", ["FORGOTTEN_TIMER"]],
  ["supervision", ["KEEP_DEPENDENT"]],
  ["supervision", ["LATE_WORDS"]],
  ["supervision", ["START_BEFORE_EXIT"]],
  ["supervision", ["NAMED_AT_DEATH"]],
  ["supervision", ["LOST_STOP", withStop]],
  ["channel", ["REPEAT_ALL"]],
  ["channel", ["REPEAT_FOREVER"]],
  ["channel", ["SILENT_LOSS"]],
  ["channel", ["STALE_ANSWERS"]],
  ["channel", ["NO_RECONNECT"]],
  ["start", ["GATE_OPENS_AT_END"]],
  ["start", ["RELEASE_FIRST"]],
  ["start", ["FORGOTTEN_KILL"]],
  ["start", ["PEER_FIRST"]],
  ["update", ["ONE_SLOT"]],
  ["update", ["RECORD_FIRST"]],
  ["update", ["COUNT_AFTERWARDS"]],
  ["update", ["FLOOR_LATER"]],
  ["update", ["COLLECT_FIRST"]],
  ["update", ["FORGET_BAD"]],
  ["update", ["OLD_EPOCH"]],
  ["update", ["ANY_PREVIOUS"]],
  ["update", ["BELIEVE_AGENT"]],
] as const)("[K2] %s without the rule %s is found to be wrong", async (model, [mutation, ...more]) => {
  const { errors, why } = await check(model, [`MUTATE_${mutation}`, ...more]);
  expect(errors).toBeGreaterThan(0);
  expect(why).toMatch(/^assertion violated/);
});

test("[K2] every mutation that a model knows is tried here", async () => {
  const own = await readFile(new URL(import.meta.url), "utf8");
  for (const name of await readdir(models)) {
    if (!name.endsWith(".pml")) continue;
    const text = await readFile(join(models, name), "utf8");
    for (const [, mutation] of text.matchAll(/MUTATE_([A-Z_]+)$/gm)) expect(own).toContain(`"${mutation}"`);
  }
});
