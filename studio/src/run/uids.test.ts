import { describe, expect, test } from "vitest";
import { rootsUids } from "./uids.ts";

const place = (name: string) => `/var/lib/bulkhead/${name}-f2af6c09`;

describe("[K7] the uids of a system that root runs", () => {
  test("are other ones for each name, also from one checkout", () => {
    const names = ["studio", "check", "page", "attack", "one", "two"];
    const bases = names.map((name) => rootsUids(place(name), null).kms ?? 0);
    expect(new Set(bases).size).toBe(names.length);
    for (const base of bases) {
      expect(base).toBeGreaterThanOrEqual(1_900_000_000);
      expect(base + 10_000).toBeLessThanOrEqual(2_000_000_000);
    }
  });

  test("stay what its files have, unless root has them still", () => {
    const given = rootsUids(place("other"), null);
    expect(rootsUids(place("studio"), given.kms)).toEqual(given);
    expect(rootsUids(place("studio"), 0)).toEqual(rootsUids(place("studio"), null));
  });
});
