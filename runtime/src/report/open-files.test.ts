import { type FileHandle, open } from "node:fs/promises";
import { expect, test } from "vitest";
import { createFileCounter } from "./open-files.ts";

test("[K6] a component's open files are counted, and those of one that does not run are not told", async () => {
  const count = () =>
    new Promise<Record<string, number>>((resolve) => {
      const pids: Readonly<Record<string, number>> = { here: process.pid, ended: 2 ** 22 + 1 };
      createFileCounter(["here", "ended", "absent"], (name) => pids[name], resolve).ask();
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

test("[K6] questions while one is counted have one answer", async () => {
  let answers = 0;
  const told = new Promise<void>((resolve) => {
    const counter = createFileCounter(
      ["here"],
      () => process.pid,
      () => {
        answers++;
        resolve();
      },
    );
    for (let times = 0; times < 20; times++) counter.ask();
  });
  await told;
  expect(answers).toBe(1);
});
