import { expect, test } from "vitest";
import { createNewest } from "./newest.ts";

test("[K13] a thousand wishes while one is carried out make one turn more, for the last of them", async () => {
  const tasks: (() => Promise<void>)[] = [];
  const done: number[] = [];
  const wish = createNewest<number>(
    (task) => tasks.push(task),
    async (one) => void done.push(one),
  );
  wish(0);
  const [first] = tasks.splice(0);
  const running = first?.();
  for (let one = 1; one <= 1000; one++) wish(one);
  await running;
  expect(tasks).toHaveLength(1);
  await tasks.splice(0)[0]?.();
  wish(1001);
  await tasks.splice(0)[0]?.();
  expect(done).toEqual([0, 1000, 1001]);
});
