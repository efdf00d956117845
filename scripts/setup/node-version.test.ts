/** Which Node versions the set-up accepts. */
import { expect, test } from "vitest";
import { checkNode } from "./node-version.mjs";

test("[S1] the set-up runs on Node 20.19 and everything newer", () => {
  for (const version of ["20.19.0", "20.20.2", "22.1.0", "24.21.0", "26.0.0"]) checkNode(version);
});

test("[S1] an older Node is refused in one sentence that names both versions", () => {
  for (const version of ["18.20.4", "20.9.0", "20.18.3"]) {
    expect(() => checkNode(version)).toThrow(new RegExp(`needs Node 20\\.19 or newer.*this is ${version}`));
  }
});
