/** A station's shell by ssh, against Debian's sshd: what it gives suites, and what it says when it gives nothing. */
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { StationSsh } from "../../../hardware-in-loop/station/real-board.ts";
import { openSshShell } from "../../../hardware-in-loop/target/ssh/shell.ts";
import { watchStartBySsh } from "../../../hardware-in-loop/target/ssh/start.ts";
import { openGenerousBench } from "./generous-bench.ts";
import { makeSshd, type Sshd } from "./sshd.ts";

const file = "hardware-in-loop/stations/bench/desk.yaml";
const [firstStart, secondStart] = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
let directory: string;
let sshd: Sshd;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-ssh-"));
  sshd = await makeSshd(directory);
  await sshd.start(firstStart);
});
afterAll(async () => {
  await sshd?.kill();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => sshd.record());

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
async function open(change: Partial<StationSsh> = {}) {
  const shell = await openSshShell({ ssh: { ...sshd.ssh, ...change }, file });
  opened.push(shell);
  return shell;
}

/** What it is refused with, in a bound that waiting would use up. */
async function refusal(change: Partial<StationSsh>, boundMs = 60_000): Promise<BulkheadError> {
  const startMs = performance.now();
  const error = await (await open(change)).untilThere(boundMs).catch((thrown: unknown) => thrown);
  if (!(error instanceof BulkheadError)) throw error;
  // What waiting does not mend is said at once.
  if (error.code === "STATION_FAILED") expect(performance.now() - startMs).toBeLessThan(boundMs / 2);
  expect(error.message).toContain(file);
  return error;
}

describe("[K19] a shell by ssh", () => {
  test("[K19] answers what a command said on both ways, and is bash", async () => {
    const shell = await open();
    await shell.untilThere(30_000);
    expect(await shell.run("echo one; echo two >&2; shopt -s globstar", 30_000)).toBe("one\ntwo\n");
  });

  test("[K19] gives a command that it is refused as the shell's word, whatever its exit code, and goes on", async () => {
    const shell = await open();
    for (const [command, code] of [
      ["echo why; false", 1],
      ["exit 255", 255],
      ["exit 3", 3],
      ["( exit 255 )", 255],
      ["nothing-of-this-name", 127],
    ] as const) {
      await expect(shell.run(command, 30_000)).rejects.toMatchObject({
        code: command === "exit 255" ? "TARGET_NOT_REACHED" : "DEVICE_FAILED",
        message: expect.stringContaining(command === "exit 255" ? file : `exit code ${code}`),
      });
    }
    expect(await shell.run("echo on", 30_000)).toBe("on\n");
  });

  test("[K19] takes a command as it is written: quotes, dollars, lines", async () => {
    const shell = await open();
    expect(await shell.run(`a='it''s "$HOME"'; printf '%s|' "$a" \\\n  "$((1 + 1))"`, 30_000)).toBe(`its "$HOME"|2|`);
    // What reads everything reads nothing of what follows it.
    expect(await shell.run("cat; echo end", 30_000)).toBe("end\n");
  });

  test("[K19] ends a command that takes too long, and says what it had said", async () => {
    const shell = await open();
    await expect(shell.run("echo begun; sleep 600", 3_000)).rejects.toMatchObject({
      code: "TARGET_NOT_REACHED",
      remedy: expect.stringContaining("begun"),
    });
  });

  test("[K19] types a command after which nobody answers, and waits for none", async () => {
    const shell = await open();
    shell.start("echo 1 >/tmp/started; sleep 600");
    await expect.poll(() => shell.run("cat /tmp/started 2>/dev/null || true", 30_000), { timeout: 30_000 }).toBe("1\n");
  });

  test("[K19] gives nobody's agent, keys or configuration to the board", async () => {
    const bench = await openGenerousBench(directory, sshd.ssh);
    const given = /^(SSH_AUTH_SOCK|BULKHEAD_OF_THE_BENCH|BULKHEAD_OF_ITS_CONFIGURATION)=/gm;
    // Who types `ssh` there gives all of it.
    expect((await bench.byHand("env")).match(given)).toHaveLength(3);
    const shell = await open();
    expect((await shell.run("env", 30_000)).match(given)).toBeNull();
    // The agent has the key that the board takes, and the station's file names another.
    expect(await refusal({ identityFile: join(directory, "sshd/host") })).toMatchObject({
      code: "STATION_FAILED",
      remedy: expect.stringContaining("authorized_keys of root"),
    });
  });
});

describe("[K19] a board that ssh does not get to is told with the station's file and the way out", () => {
  test("[K19] one whose key nobody has recorded, or that has another, is not spoken to", async () => {
    await writeFile(sshd.ssh.knownHostsFile, "");
    expect(await refusal({})).toMatchObject({
      code: "STATION_FAILED",
      message: expect.stringContaining("does not know the board's key"),
      remedy: expect.stringContaining(`ssh-keyscan -p ${sshd.ssh.port}`),
    });
    await sshd.record();
    await sshd.kill();
    await sshd.makeNewKey();
    await sshd.start(firstStart);
    expect(await refusal({})).toMatchObject({
      code: "STATION_FAILED",
      message: expect.stringContaining("another key"),
      remedy: expect.stringContaining("-R"),
    });
  });

  test("[K19] a key that the board does not take, or that others may read", async () => {
    const stranger = join(directory, "sshd/host");
    expect(await refusal({ identityFile: stranger })).toMatchObject({
      code: "STATION_FAILED",
      remedy: expect.stringContaining("authorized_keys of root"),
    });
    const readable = join(directory, "readable");
    await copyFile(sshd.ssh.identityFile, readable);
    await chmod(readable, 0o644);
    expect(await refusal({ identityFile: readable })).toMatchObject({
      code: "STATION_FAILED",
      remedy: `chmod 600 ${readable}`,
    });
  });

  test("[K19] a user who is not root, and one for whom there is no sudo", async () => {
    expect(await refusal({ user: "fio" })).toMatchObject({
      code: "STATION_FAILED",
      message: expect.stringContaining("uid 1000"),
      remedy: expect.stringContaining("sudo: true"),
    });
    expect(await refusal({ user: "fio", sudo: true })).toMatchObject({
      code: "STATION_FAILED",
      message: expect.stringContaining("sudo"),
    });
  });

  test("[K19] nobody there: it is waited for, and then said", async () => {
    await sshd.kill();
    expect(await refusal({}, 3_000)).toMatchObject({
      code: "TARGET_NOT_REACHED",
      message: expect.stringContaining("Connection refused"),
      remedy: expect.stringContaining("under power"),
    });
    const waiting = (await open()).untilThere(60_000);
    await sshd.start(firstStart);
    await waiting;
  });

  test("[K19] the files of the bench that are not there", async () => {
    const nowhere = join(directory, "nowhere");
    for (const change of [{ knownHostsFile: nowhere }, { identityFile: nowhere }]) {
      await expect(open(change)).rejects.toMatchObject({
        code: "STATION_FAILED",
        message: expect.stringContaining(file),
        remedy: expect.stringMatching(/ssh-key(scan|gen) -/),
      });
    }
  });
});

test("[K19] a start of the board is seen by its kernel's id: not a lost connection, but another start", async () => {
  const shell = await open();
  const watch = await watchStartBySsh(shell);
  await sshd.kill();
  await sshd.start(firstStart);
  await expect(watch.seen(3_000)).rejects.toMatchObject({ code: "TARGET_NOT_REACHED" });
  const seen = watch.seen(60_000);
  await sshd.kill();
  await sshd.start(secondStart);
  const { atMs } = await seen;
  // The kernel is this machine's: it says since when it is up.
  expect(Math.abs(performance.now() - atMs - uptime() * 1000)).toBeLessThan(10_000);
});
