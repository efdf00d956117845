import { expect, test } from "vitest";
import { addOnsOf } from "./add-ons.ts";

test("[K11] a driver gets the add-on of the interface that it is configured with, and that one alone", () => {
  for (const by of [undefined, "i2c-rdwr", "constructor"]) expect(addOnsOf("i2c", by)).toEqual({ "i2c.node": "i2c" });
  expect(addOnsOf("i2c", "i2c-bus")).toEqual({ "i2c-bus.node": "i2c-bus" });
  expect(addOnsOf("gpio", "i2c-bus")).toEqual(addOnsOf("gpio", "chardev"));
  expect(addOnsOf("constructor", "name")).toEqual({});
});
