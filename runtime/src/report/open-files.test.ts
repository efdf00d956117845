import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { expect, test, vi } from "vitest";
import { createFileCounter } from "./open-files.ts";

test("[K6] a component's open files are counted, and those of one that does not run are not told", async () => {
  const count = () =>
    new Promise<Record<string, number>>((resolve) => {
      const pids: Readonly<Record<string, number>> = { here: process.pid, ended: 2 ** 22 + 1 };
      createFileCounter(
        () => ["here", "ended", "absent"],
        (name) => pids[name],
        resolve,
      ).ask();
    });
  const before = await count();
  expect(before).toMatchObject({ here: expect.any(Number), ended: 0 });
  expect(before).not.toHaveProperty("absent");

  const more: FileHandle[] = [];
  for (let number = 0; number < 50; number++) more.push(await open("/dev/null"));
  const after = await count();
  for (const handle of more) await handle.close();
  // Other tests in this process open and close files meanwhile.
  expect((after["here"] ?? 0) - (before["here"] ?? 0)).toBeGreaterThan(25);
});

test("[K6] of a component's processes the one counts that has most of them, for each has the limit for itself", async () => {
  const more = "for _ in {1..20}; do exec {fd}</dev/null; done";
  const inner = `${more}; echo $BASHPID; read -r _`;
  const outer = spawn("bash", ["-c", `${more}; (${inner}); true`], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(outer, "exit");
  const [pid] = await once(createInterface({ input: outer.stdout }), "line");
  const open = await new Promise<Record<string, number>>((resolve) => {
    createFileCounter(
      () => ["two"],
      () => outer.pid,
      resolve,
    ).ask();
  });
  expect(open).toEqual({ two: (await readdir(`/proc/${pid}/fd`)).length });
  outer.stdin.end();
  await ended;
});

test("[K6] questions while one is counted have one answer, and the next has one of its own", async () => {
  let looks = 0;
  const look = () => {
    looks++;
    return undefined;
  };
  const answers: unknown[] = [];
  const counter = createFileCounter(
    () => ["here"],
    look,
    (open) => answers.push(open),
  );
  for (let round = 1; round <= 2; round++) {
    for (let times = 0; times < 20; times++) counter.ask();
    expect(looks).toBe(round);
    await vi.waitFor(() => expect(answers).toHaveLength(round), 10_000);
  }
});

test("[K6] a count that fails is none, ends nobody, and the next is made", async () => {
  const answers: unknown[] = [];
  let pidOf = (): number => {
    throw new Error("as at the end of the root server's own files");
  };
  const counter = createFileCounter(
    () => ["here"],
    () => pidOf(),
    (open) => answers.push(open),
  );
  counter.ask();
  await vi.waitFor(() => expect(answers).toEqual([{}]), 10_000);
  pidOf = () => process.pid;
  counter.ask();
  await vi.waitFor(() => expect(answers.at(-1)).toEqual({ here: expect.any(Number) }), 10_000);
});
