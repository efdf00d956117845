/** What counts as installed otherwise than the lock file says. */
import { expect, test } from "vitest";
import { differences } from "./packages.mjs";

const lock = {
  packages: {
    "node_modules/a": { version: "1.0.0", integrity: "sha512-A" },
    "node_modules/b": { version: "2.0.0", integrity: "sha512-B" },
    "node_modules/@bulkhead/kms": { link: true },
    kms: { version: "0.1.0" },
  },
};

test("[S3] packages of other platforms may be absent, all that is there must be the locked one", () => {
  const { "node_modules/b": _, ...packages } = lock.packages;
  expect(differences(lock, { packages })).toEqual([]);
});

test("[S3] another version, another content and an unknown package are told", () => {
  const installed = (entry: object) => differences(lock, { packages: entry as typeof lock.packages });
  expect(installed({ "node_modules/a": { version: "1.0.1", integrity: "sha512-A" } })).toHaveLength(1);
  expect(installed({ "node_modules/a": { version: "1.0.0", integrity: "sha512-X" } })).toHaveLength(1);
  expect(installed({ "node_modules/c": { version: "1.0.0" } })).toEqual(["node_modules/c is not in it"]);
});
