import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { LeaseHandle } from "./handle.ts";
import { clientLease, noClientLease, noProviderLease, providerLease } from "./lease.ts";
import { createPieces } from "./pieces.ts";

const leaseBytes = 64 * 1024;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

function lease() {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-lease-"));
  const path = join(directory, "memory");
  writeFileSync(path, new Uint8Array(leaseBytes));
  const client = clientLease(path, leaseBytes);
  const provider = providerLease(path, leaseBytes);
  ends.push(() => rmSync(directory, { recursive: true }), client.close, provider.close);
  return { path, client, provider };
}
const endOf = ({ offset, sizeBytes }: LeaseHandle) => offset + sizeBytes;
const invalid = expect.objectContaining({ code: "IPC_LEASE_INVALID" });

describe("[K3] pieces of a lease", () => {
  test("never overlap, lie inside, and all come back", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constant("give" as const))), (steps) => {
        const pieces = createPieces(leaseBytes);
        const held: LeaseHandle[] = [];
        const giveBack = () => held.splice(Math.floor(held.length / 2), 1).forEach(pieces.give);
        const take = (sizeBytes: number) => {
          const piece = pieces.take(sizeBytes);
          if (!piece) return;
          expect(endOf(piece)).toBeLessThanOrEqual(leaseBytes);
          expect(held.filter((other) => piece.offset < endOf(other) && other.offset < endOf(piece))).toEqual([]);
          held.push(piece);
        };
        for (const step of steps) step === "give" ? giveBack() : take(step);
        for (const piece of held) pieces.give(piece);
        expect(pieces.take(leaseBytes)).toEqual({ offset: 0, sizeBytes: leaseBytes });
      }),
    );
  });
});

describe("[K3] a lease", () => {
  test("brings bytes to the provider and back in one piece of the client's", async () => {
    const { client, provider } = lease();
    const answer = await client.lease.use(10_000, async ({ handle, write, read }) => {
      write(new Uint8Array(10_000).fill(7));
      const seen = provider.read(handle);
      provider.write(handle, seen.map((byte) => byte + 1).subarray(0, 5_000));
      return read(5_001);
    });
    expect(new Set(answer.subarray(0, 5_000))).toEqual(new Set([8]));
    expect(answer[5_000]).toBe(7);
  });

  test("believes no handle: what is not inside is refused at both ends", () => {
    const { provider } = lease();
    const handles = [
      { offset: leaseBytes, sizeBytes: 1 },
      { offset: -1, sizeBytes: 10 },
      { offset: 0, sizeBytes: leaseBytes + 1 },
      { offset: 0.5, sizeBytes: 10 },
      { offset: Number.MAX_SAFE_INTEGER, sizeBytes: 10 },
    ];
    for (const handle of handles) {
      expect(() => provider.read(handle)).toThrow(invalid);
      expect(() => provider.write(handle, new Uint8Array(1))).toThrow(invalid);
    }
    expect(() => provider.write({ offset: 0, sizeBytes: 10 }, new Uint8Array(11))).toThrow(invalid);
    expect(() => provider.read({ offset: 0, sizeBytes: 10 }, 5, 6)).toThrow(invalid);
  });

  test("that the peer has cut off gives an error by its code and nothing worse", async () => {
    const { path, client } = lease();
    truncateSync(path, 100);
    await expect(client.lease.use(leaseBytes, async ({ read }) => read())).rejects.toEqual(invalid);
  });

  test("does not give out a piece again that a late provider may still write, before it has gone", async () => {
    const { client } = lease();
    const late = () => Promise.reject(new BulkheadError("DEADLINE_EXCEEDED", "late"));
    await expect(client.lease.use(leaseBytes, late)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await expect(client.lease.use(1, async () => 1)).rejects.toMatchObject({ code: "IPC_OVERLOADED" });
    client.peerGone();
    expect(await client.lease.use(leaseBytes, async () => 1)).toBe(1);
    const failed = () => Promise.reject(new BulkheadError("DEVICE_FAILED", "answered"));
    await expect(client.lease.use(leaseBytes, failed)).rejects.toMatchObject({ code: "DEVICE_FAILED" });
    expect(await client.lease.use(leaseBytes, async () => 2)).toBe(2);
  });

  test("that the manifest does not give is refused with what to write", async () => {
    await expect(noClientLease.use(1, async () => 1)).rejects.toMatchObject({
      code: "IPC_LEASE_INVALID",
      remedy: /lease/,
    });
    expect(() => noProviderLease.read({ offset: 0, sizeBytes: 1 })).toThrow(invalid);
  });
});
