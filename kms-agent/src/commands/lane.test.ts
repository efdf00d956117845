import { expect, test } from "vitest";
import { createLane, maxWaiting, type Work } from "./lane.ts";

/** Work that goes on until it is told to end, or gives way. */
function lasting(name: string, seen: string[]) {
  const { promise: over, resolve: end } = withResolvers();
  const work: Work = async (giveWay) => {
    seen.push(`${name} begins`);
    await Promise.race([over, new Promise((resolve) => giveWay.addEventListener("abort", resolve))]);
    seen.push(giveWay.aborted ? `${name} gives way` : `${name} ends`);
    return giveWay.aborted ? "again" : "over";
  };
  return { work, end };
}

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
const moment = () => new Promise(setImmediate);

test("[M11] what is under way gives way to what goes first, and is begun again before what waited behind it", async () => {
  const [lane, seen] = [createLane(), [] as string[]];
  const [one, two] = [lasting("one", seen), lasting("two", seen)];
  lane.add(one.work);
  lane.add(two.work);
  await moment();
  expect(lane.addFirst(async () => void seen.push("root"))).toBe(true);
  await moment();
  one.end();
  await moment();
  two.end();
  await moment();
  const expected = ["one begins", "one gives way", "root", "one begins", "one ends", "two begins", "two ends"];
  expect(seen).toEqual(expected);
  lane.add(async () => {
    seen.push("later");
    return "over";
  });
  await moment();
  expect(seen.at(-1)).toBe("later");
});

test("[M11] however many wait already, who goes first is not refused, nor kept waiting", async () => {
  const [lane, seen] = [createLane(), [] as string[]];
  for (let count = 0; count <= maxWaiting; count += 1) expect(lane.add(lasting("one", seen).work)).toBe(true);
  expect(lane.add(lasting("more", seen).work)).toBe(false);
  expect(lane.addFirst(async () => void seen.push("root"))).toBe(true);
  await moment();
  expect(seen).toEqual(["one begins", "one gives way", "root", "one begins"]);
});

test("[M11] those that go first take their turns, give way to none, and are not without number", async () => {
  const [lane, seen] = [createLane(), [] as string[]];
  const { promise, resolve: end } = withResolvers();
  lane.addFirst(() => promise);
  for (let count = 0; count < maxWaiting; count += 1) lane.addFirst(async () => void seen.push(`${count}`));
  expect(lane.addFirst(async () => void seen.push("more"))).toBe(false);
  await moment();
  expect(seen).toEqual([]);
  end();
  await moment();
  expect(seen).toEqual(Array.from({ length: maxWaiting }, (_, count) => `${count}`));
});
