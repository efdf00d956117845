import { mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { untilThere } from "./write.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
});
afterEach(() => rm(directory, { recursive: true }));

const never = new AbortController().signal;

test("[K19] what a bench writes is waited for: there, and of a size, which a reader without a card has not", async () => {
  const [card, reader] = [join(directory, "card"), join(directory, "reader")];
  await writeFile(card, "");
  await truncate(card, 1024);
  let isThere = false;
  const waiting = untilThere({ to: reader, boundMs: 60_000 }, never).then(() => {
    isThere = true;
  });
  await writeFile(reader, "");
  await expect(untilThere({ to: reader, boundMs: 300 }, never)).rejects.toMatchObject({
    code: "STATION_FAILED",
    message: expect.stringContaining(reader),
    remedy: expect.stringContaining("before:"),
  });
  expect(isThere).toBe(false);
  await rename(card, reader);
  await waiting;
});

test("[K19] what a bench waits for is given up at Ctrl-C", async () => {
  const ending = new AbortController();
  const waiting = untilThere({ to: join(directory, "reader"), boundMs: 60_000 }, ending.signal);
  ending.abort(new Error("interrupted"));
  await expect(waiting).rejects.toThrow("interrupted");
});
