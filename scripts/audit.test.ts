/** What the audit of the lock file refuses. */
import { expect, test } from "vitest";
import { faultsOfEntry, isAllowedLicence } from "./audit.mjs";

const integrity = `sha512-${"A".repeat(86)}==`;

test("[S3] a package with a SHA-512 hash from a registry is accepted, with or without its address", () => {
  expect(faultsOfEntry("node_modules/a", { integrity })).toEqual([]);
  expect(faultsOfEntry("node_modules/a", { integrity, resolved: "https://registry.example/a/-/a-1.0.0.tgz" })).toEqual(
    [],
  );
});

test("[S3] a package without a hash, or with a weak one, is refused", () => {
  expect(faultsOfEntry("node_modules/a", {})).toHaveLength(1);
  expect(faultsOfEntry("node_modules/a", { integrity: "sha1-AAAA" })).toHaveLength(1);
});

test("[S3] a package from git, plain http or a file is refused", () => {
  for (const resolved of [
    "git+ssh://git@example.com/a.git#0123",
    "http://registry.example/a/-/a-1.0.0.tgz",
    "file:../a.tgz",
  ]) {
    expect(faultsOfEntry("node_modules/a", { integrity, resolved })).toHaveLength(1);
  }
});

test("[S3] workspaces of this repository are not packages", () => {
  expect(faultsOfEntry("kms", {})).toEqual([]);
  expect(faultsOfEntry("node_modules/@bulkhead/kms", { link: true, resolved: "kms" })).toEqual([]);
});

test("[S3] licences are read as SPDX expressions", () => {
  expect(["MIT", "(MIT OR GPL-3.0)", "MIT AND ISC"].map(isAllowedLicence)).toEqual([true, true, true]);
  expect(["GPL-3.0", "MIT AND GPL-3.0", "UNLICENSED", undefined].map(isAllowedLicence)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
