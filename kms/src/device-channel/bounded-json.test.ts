import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxMembers, maxValues, parseBoundedJson } from "./bounded-json.ts";

describe("[M4] JSON from a device", () => {
  it("is what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseBoundedJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("holds a bounded number of values, in one list and in all", () => {
    const list = (length: number) => JSON.stringify(new Array<null>(length).fill(null));
    const lists = (count: number) => `[${new Array<string>(count).fill(list(maxMembers)).join()}]`;
    expect(parseBoundedJson(list(maxMembers))).toHaveLength(maxMembers);
    expect(() => parseBoundedJson(list(maxMembers + 1))).toThrow(RangeError);
    expect(() => parseBoundedJson(lists(Math.ceil(maxValues / maxMembers) + 1))).toThrow(RangeError);
  });

  it("may be nested as deep as a message is long", () => {
    const depth = 500_000;
    expect(() => parseBoundedJson(`${"[".repeat(depth)}${"]".repeat(depth)}`)).toThrow(RangeError);
  });
});
