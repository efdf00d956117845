import { generateSigningKey } from "@bulkhead/protocol";
import { Metadata, MetadataKind } from "@tufjs/models";
import { describe, expect, it } from "vitest";
import { createProject, signTargets } from "../fixtures/project.ts";
import type { Instance } from "../instance/index.ts";
import { parseRoot } from "./repository.ts";
import { extendRootChain } from "./root-chain.ts";
import { signSnapshot, signTimestamp } from "./signing.ts";

const instance: Instance = {
  format: 1,
  instanceKey: generateSigningKey(),
  snapshotKey: generateSigningKey(),
  timestampKey: generateSigningKey(),
  tunnelKey: "A".repeat(43),
  prefix: "fd12:3456:789a::",
};
const online = { snapshotKey: instance.snapshotKey.publicKey, timestampKey: instance.timestampKey.publicKey };
const project = createProject(online);
const rootFile = { name: "1.root.json", version: 1, content: project.root };
const root = parseRoot(rootFile);
const targets = { name: "1.targets.json", version: 1, content: signTargets(project, 1, new Map()) };
const nowMs = Date.parse("2026-11-22T10:00:00.123Z");

describe("[M11] the KMS's own signatures", () => {
  it("hold under the project's root and expire, the timestamp within a week", () => {
    const snapshot = signSnapshot(root, [targets], 5, instance, nowMs);
    const timestamp = signTimestamp(root, snapshot, 9, instance, nowMs);
    const parsed = Metadata.fromJSON(MetadataKind.Timestamp, JSON.parse(timestamp.content));
    root.verifyDelegate("timestamp", parsed);
    root.verifyDelegate("snapshot", Metadata.fromJSON(MetadataKind.Snapshot, JSON.parse(snapshot.content)));
    expect([snapshot.name, timestamp.name, parsed.signed.version]).toEqual(["5.snapshot.json", "timestamp.json", 9]);
    expect(parsed.signed.expires).toBe("2026-11-29T10:00:00Z");
  });

  it("are refused by us where the root names other keys", () => {
    const stranger = { ...instance, snapshotKey: generateSigningKey() };
    const sign = () => signSnapshot(root, [targets], 1, stranger, nowMs);
    expect(sign).toThrow(expect.objectContaining({ code: "RELEASE_METADATA_INVALID" }));
  });

  it("never stand for a release: the root does not take our keys for targets", () => {
    const forged = signTargets({ ...project, targetsKey: instance.snapshotKey }, 2, new Map());
    const parsed = Metadata.fromJSON(MetadataKind.Targets, JSON.parse(forged));
    expect(() => root.verifyDelegate("targets", parsed)).toThrow();
  });
});

describe("[M11] the chain of roots", () => {
  it("takes the first root, and the same one again", () => {
    expect(extendRootChain(undefined, { "1.root.json": project.root }, true)).toEqual([rootFile]);
    expect(extendRootChain(rootFile, { "1.root.json": project.root }, true)).toEqual([]);
  });

  it.each([
    ["another project's first root", { "1.root.json": createProject(online).root }, "CONFLICT"],
    ["a gap", { "3.root.json": project.root }, "RELEASE_METADATA_INVALID"],
    ["a version that the file does not have", { "2.root.json": project.root }, "RELEASE_METADATA_INVALID"],
    ["something else", { "2.root.json": "{}" }, "RELEASE_METADATA_INVALID"],
  ])("refuses %s", (_what, roots, code) => {
    expect(() => extendRootChain(rootFile, roots, true)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses a second root that the first one's keys did not sign", () => {
    const stranger = createProject(online, 2);
    const extend = () => extendRootChain(rootFile, { "2.root.json": stranger.root }, true);
    expect(extend).toThrow(expect.objectContaining({ code: "RELEASE_SIGNATURE_INVALID" }));
  });
});
