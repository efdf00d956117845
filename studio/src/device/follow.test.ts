import type { LogAnswer } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { followLogs } from "./follow.ts";

const line = (id: number) => ({
  id,
  sequence: id,
  atMs: id,
  component: "climate",
  stream: "out" as const,
  text: `${id}`,
});
const away = new BulkheadError("STUDIO_UNREACHABLE", "away");

test("[S8] following gives each line once, asks only for what is new, and outlives a restart of the service", async () => {
  const answers = [[line(7), line(8)], away, [], [line(9)], new BulkheadError("NOT_FOUND", "the device was deleted")];
  const queries: unknown[] = [];
  const logs = async (_id: string, query = {}): Promise<LogAnswer> => {
    queries.push(query);
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? away;
    return { lines: answer, dropped: 0 };
  };
  const seen: number[] = [];
  const reading = (async () => {
    for await (const lines of followLogs({ logs }, "d", { limit: 2, component: "climate" })) {
      seen.push(...lines.map(({ id }) => id));
    }
  })();
  await expect(reading).rejects.toThrow("the device was deleted");
  expect(seen).toEqual([7, 8, 9]);
  expect(queries[0]).toEqual({ component: "climate", limit: 2 });
  expect(queries.slice(1)).toEqual([8, 8, 8, 9].map((after) => ({ component: "climate", after })));
});
