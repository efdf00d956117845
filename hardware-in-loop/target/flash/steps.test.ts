import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FlashSteps, takeSteps } from "./steps.ts";

/** Steps that write down what was done; those whose place in the order is in `failing` fail. */
function recorded(isBoardWriting: boolean, failing: readonly number[] = []) {
  const done: string[] = [];
  const step = (name: string) => async () => {
    done.push(name);
    if (failing.includes(done.length - 1)) throw new Error(`${name} ${done.length - 1}`);
  };
  const power = { on: step("on"), off: step("off") };
  const steps: FlashSteps = {
    power,
    before: step("to the bench"),
    write: step("write"),
    after: step("to the board"),
    isBoardWriting,
  };
  return { steps, done };
}

describe("[K19] a board is written", () => {
  test.each([
    ["a disk while it is off", false, ["off", "to the bench", "write", "to the board", "on"]],
    [
      "by a program while its first program waits for that",
      true,
      ["off", "to the bench", "on", "write", "off", "to the board", "on"],
    ],
  ])("[K19] as %s, and then starts", async (_, isBoardWriting, order) => {
    const { steps, done } = recorded(isBoardWriting);
    await takeSteps(steps);
    expect(done).toEqual(order);
  });

  test("[K19] whatever fails, what was taken is given back, nothing is given power that was not, and the first failure is told", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.uniqueArray(fc.nat(7), { maxLength: 3 }), async (isBoardWriting, failing) => {
        const { steps, done } = recorded(isBoardWriting, failing);
        const error = await takeSteps(steps).then(
          () => undefined,
          (thrown: Error) => thrown.message,
        );
        const failed = [...done.keys()].filter((index) => failing.includes(index));
        expect(error).toBe(failed[0] === undefined ? undefined : `${done[failed[0]]} ${failed[0]}`);
        const holds = (name: string) => !failing.includes(done.lastIndexOf(name));
        const back = done.lastIndexOf("to the board");
        // One that cannot be switched off is not touched any more.
        expect(back !== -1).toBe(holds("off"));
        if (back === -1) expect(done.at(-1)).toBe("off");
        else {
          expect(done.slice(back)).toEqual(holds("to the board") ? ["to the board", "on"] : ["to the board"]);
          expect(done.indexOf("write")).toBeLessThan(back);
        }
      }),
    );
  });
});
