import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, readExport, sha256 } from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Blob, lacking, namedBy } from "./document.ts";
import { collectMetadata } from "./metadata.ts";
import { writeFileOf } from "./write-file.ts";

const digest = "a".repeat(64);
const wanted = { target: "greenhouse-2.json", signed: digest, overlay: undefined };
const overlay = { target: "overlays/field/warm-3.json", digest: "b".repeat(64) };
const day = (number: number) => `2026-12-0${number}T00:00:00Z`;
const signed = (expires: string, more: object) => JSON.stringify({ signed: { expires, ...more } });
const list = (target: string, sha: string) => ({ targets: { [target]: { hashes: { sha256: sha } } } });

let files: Record<string, string>;
beforeEach(() => {
  files = {
    "1.root.json": signed(day(9), {}),
    "2.root.json": signed(day(8), {}),
    "timestamp.json": signed(day(3), { meta: { "snapshot.json": { version: 7 } } }),
    "7.snapshot.json": signed(day(5), {
      meta: { "targets.json": { version: 4 }, "overlays-field.json": { version: 1 } },
    }),
    "4.targets.json": signed(day(7), list(wanted.target, digest)),
    "1.overlays-field.json": signed(day(2), list(overlay.target, overlay.digest)),
  };
});
const service = {
  async metadata(name: string) {
    const found = files[name];
    if (found === undefined) throw new BulkheadError("NOT_FOUND", `there is no ${name}`);
    return found;
  },
};
const now = Date.parse("2026-12-01T00:00:00Z");
const collect = (more = {}) => collectMetadata(service, { ...wanted, ...more }, now);

describe("[M11] what a file of an export gets of the signed metadata", () => {
  test("is all roots, what the newest names, and when the first of it ends", async () => {
    const { files: got, ...dates } = await collect();
    expect([...got.keys()]).toEqual([
      "1.root.json",
      "2.root.json",
      "4.targets.json",
      "7.snapshot.json",
      "timestamp.json",
    ]);
    expect(dates).toEqual({ expires: day(3), expiresFirst: "timestamp.json" });
  });

  test("with an overlay is its list too", async () => {
    const { files: got, ...dates } = await collect({ overlay });
    expect(got.get("1.overlays-field.json")).toBe(files["1.overlays-field.json"]);
    expect(dates).toEqual({ expires: day(2), expiresFirst: "1.overlays-field.json" });
  });

  test("is nothing where it has expired, or does not name the release as it is", async () => {
    await expect(collectMetadata(service, wanted, Date.parse(day(4)))).rejects.toMatchObject({
      code: "RELEASE_METADATA_EXPIRED",
      message: expect.stringContaining("timestamp.json"),
    });
    for (const other of [{ target: "other-2.json" }, { target: "toString" }, { signed: "c".repeat(64) }]) {
      await expect(collect(other)).rejects.toMatchObject({ code: "RELEASE_METADATA_INVALID" });
    }
  });

  test.each([
    "1.root.json",
    "2.root.json",
    "timestamp.json",
    "7.snapshot.json",
    "4.targets.json",
    "1.overlays-field.json",
  ])("is refused by its name where %s is no metadata", async (name) => {
    for (const damaged of ["", "{", "null", '{"signed":{}}', '{"signed":{"expires":"soon"}}']) {
      files[name] = damaged;
      const collected = collect({ overlay });
      // Of a root before the newest nothing is read: devices judge it.
      if (name === "1.root.json") expect((await collected).files.get(name)).toBe(damaged);
      else
        await expect(collected).rejects.toMatchObject({
          code: "RELEASE_METADATA_INVALID",
          message: expect.stringContaining(name),
        });
    }
  });
});

describe("[M11] the file of an export", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bulkhead-export-"));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const header = { format: 1 as const, target: wanted.target, releaseDigest: digest, expires: day(3) };
  const text = "an artifact";
  const blobs = [{ digest: sha256(text), length: text.length }];
  const write = (serves: string) =>
    writeFileOf(join(directory, "x.bulkhead"), header, {
      ...{ files: new Map([["timestamp.json", "{}"]]), documents: ["a release"], blobs },
      download: async () =>
        (async function* () {
          yield Buffer.from(serves);
        })(),
    });

  test("has each of its parts, and nothing else is left", async () => {
    await write(text);
    const parts: string[] = [];
    const bytes = await readFile(join(directory, "x.bulkhead"));
    const chunks = (async function* () {
      yield bytes;
    })();
    for await (const { kind, name } of readExport(chunks)) parts.push(`${kind} ${name}`);
    expect(parts).toEqual([
      ...["header export.json", "metadata timestamp.json"],
      ...[`document ${sha256("a release")}`, `blob ${sha256(text)}`],
    ]);
    expect(await readdir(directory)).toEqual(["x.bulkhead"]);
  });

  test.each(["another one", "an artifact and more", "short"])(
    "is not there where the service serves %j",
    async (serves) => {
      await expect(write(serves)).rejects.toMatchObject({ code: "RELEASE_ARTIFACT_ALTERED" });
      expect(await readdir(directory)).toEqual([]);
    },
  );
});

describe("[M11] what a release names", () => {
  const [one, other, root] = ["a", "c", "d"].map((letter, at) => ({ digest: letter.repeat(64), length: at + 1 })) as [
    Blob,
    Blob,
    Blob,
  ];
  const release = { artifacts: [one, other], base: "new", ofBase: [root] };

  test("counts once each, whatever else the document says", () => {
    const named = namedBy(JSON.stringify({ artifacts: [one, one], later: true }), "x");
    expect(lacking(named, [])).toEqual([one]);
    expect(() => namedBy("{}", "x")).toThrow(expect.objectContaining({ code: "RELEASE_INVALID" }));
  });

  test("is of an encrypted one what its envelope lists, whatever of it is in there", () => {
    const envelope = {
      ...{ envelope: 1, name: "example", version: "1.0.0", releaseCounter: 1, board: "virtual" },
      ...{ release: digest, recipients: ["A".repeat(43)], content: "AAAA", blobs: [one, root] },
    };
    const named = namedBy(JSON.stringify(envelope), "x");
    expect(lacking(named, [])).toEqual([one, root]);
    expect(lacking(named, [{ artifacts: [root], base: undefined, ofBase: [] }])).toEqual([one]);
    expect(() => namedBy(JSON.stringify({ ...envelope, blobs: "all" }), "x")).toThrow(
      expect.objectContaining({ code: "RELEASE_INVALID" }),
    );
  });

  test("is left out where a device has it; of a base system all or nothing", () => {
    expect(lacking(release, [])).toEqual([one, other, root]);
    expect(lacking(release, [{ artifacts: [other], base: "old", ofBase: [root] }])).toEqual([one, root]);
    expect(lacking(release, [{ artifacts: [one], base: "new", ofBase: [root] }])).toEqual([other]);
  });
});
