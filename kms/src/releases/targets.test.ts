/** What a targets file names, held against blobs in memory. */
import { Readable } from "node:stream";
import { canonicalJson, type Envelope, type Release, sha256 } from "@bulkhead/protocol";
import { plainSystem } from "@bulkhead/protocol/testing";
import { Metadata, TargetFile, Targets } from "@tufjs/models";
import { describe, expect, test } from "vitest";
import { readReleases } from "./targets.ts";

const release: Release = {
  ...{ format: 1, name: "example", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "virtual" },
  ...{ builtAtMs: 0, system: plainSystem({ system: "example" }), artifacts: [] },
};
const readable = canonicalJson(release);
const envelope: Envelope = {
  ...{ envelope: 1, name: "example", version: "1.0.0", releaseCounter: 1, board: "virtual" },
  ...{ release: sha256(readable), recipients: ["A".repeat(43)], content: "AAAA", blobs: [] },
};

/** The only target of a list: `text`, as whoever signs describes it. */
async function read(text: string, custom: Record<string, string | number>) {
  const blobs = {
    lengthOf: async (digest: string) => (digest === sha256(text) ? Buffer.byteLength(text) : undefined),
    read: () => Readable.from([Buffer.from(text)]),
  };
  const described = { path: "example-1.json", length: Buffer.byteLength(text), hashes: { sha256: sha256(text) } };
  const file = new TargetFile({ ...described, unrecognizedFields: { custom } });
  const targets = new Targets({ version: 1, specVersion: "1.0.31", expires: "2030-01-01T00:00:00Z" });
  targets.targets[file.path] = file;
  return readReleases(new Metadata(targets), blobs);
}

describe("[S3] a target", () => {
  test("is a release, or the envelope of one that is known by its own digest", async () => {
    const digest = sha256(readable);
    expect(await read(readable, { releaseCounter: 1 })).toMatchObject([{ digest, envelope: null }]);
    const sealed = canonicalJson(envelope);
    const known = await read(sealed, { releaseCounter: 1, opensTo: digest });
    expect(known).toMatchObject([{ digest, envelope: sha256(sealed), board: "virtual" }]);
  });

  test.each<[string, string, Record<string, string | number>, string]>([
    ["opens to another digest", canonicalJson(envelope), { opensTo: "0".repeat(64) }, "RELEASE_INVALID"],
    ["opens to a number", canonicalJson(envelope), { opensTo: 5 }, "RELEASE_METADATA_INVALID"],
    ["is readable, and opens to a number", readable, { opensTo: 5 }, "RELEASE_METADATA_INVALID"],
    ["is an envelope, and said to be readable", canonicalJson(envelope), {}, "RELEASE_INVALID"],
    ["is readable, and said to be an envelope", readable, { opensTo: sha256(readable) }, "RELEASE_INVALID"],
  ])("is refused that %s", async (_what, text, custom, code) => {
    await expect(read(text, custom)).rejects.toMatchObject({ code });
  });
});
