/** What a management service has of an encrypted release that it was given: all of its store is looked through. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Release, sha256 } from "@bulkhead/protocol";
import { expect } from "vitest";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { readRelease } from "../../studio/src/sign/index.ts";

export type Looked = {
  /** As it was built. */
  readonly builtDir: string;
  /** A readable release that was stored before it. */
  readonly before: Release;
  /** Stands in one bundle of it, and nowhere else. */
  readonly secret: string;
  /** Where the system keeps everything, the service's part in `kms`. */
  readonly store: string;
};

export async function checkEncrypted(client: StudioClient, looked: Looked): Promise<void> {
  const { release, text } = await readRelease(looked.builtDir);
  const digest = sha256(text);
  const listed = (await client.releases()).find((one) => one.digest === digest);
  expect(listed).toMatchObject({ name: release.name, envelope: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const known = new Set(looked.before.artifacts.map((artifact) => artifact.digest));
  const brought = release.artifacts.map((artifact) => artifact.digest).filter((one) => !known.has(one));
  expect(brought.length).toBeGreaterThan(0);
  for (const one of [digest, ...brought]) expect(await client.hasBlob(one)).toBe(false);
  expect(await filesHolding(join(looked.builtDir, "blobs"), looked.secret)).toHaveLength(1);
  expect(await filesHolding(join(looked.store, "kms"), looked.secret)).toEqual([]);
  for (const kind of ["sbom", "provenance"] as const) {
    const paper = await client.paper(digest, kind);
    expect(sha256(paper.text)).toBe(paper.digest);
    expect(paper.text.split("\n")[0]).toBe("-----BEGIN AGE ENCRYPTED FILE-----");
  }
}

/** The files below `directory` with `text` in them. */
async function filesHolding(directory: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    // Postgres removes files of its own while it works.
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    if (bytes.includes(text)) found.push(file);
  }
  return found;
}
