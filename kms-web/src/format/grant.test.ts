import { expect, test } from "vitest";
import { describeGrant } from "./grant.ts";

test("[M7] limits are words, addresses hexadecimal, no limits a dash", () => {
  expect(describeGrant({ bus: 2, address: 0x48, access: "read" })).toBe("bus 2, address 0x48, access read");
  expect(describeGrant({ pins: ["P9_12"] })).toBe('pins ["P9_12"]');
  expect(describeGrant({})).toBe("—");
});
