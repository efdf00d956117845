import { releaseTargetName } from "@bulkhead/protocol";
import { TargetFile } from "@tufjs/models";
import { describe, expect, test } from "vitest";
import { checkRefreshOnly, onlyForBefore, onlyForFrom } from "./only-for.ts";

const device = "d-0123456789abcdef";
const usage = expect.objectContaining({ code: "USAGE" });
const named = (releaseCounter: number, deployments?: string[]) => {
  const path = releaseTargetName({ name: "house", releaseCounter });
  const custom = { releaseCounter, ...(deployments && { onlyFor: { deployments } }) };
  return new TargetFile({ path, length: 1, hashes: { sha256: "a".repeat(64) }, unrecognizedFields: { custom } });
};
const list = (...files: TargetFile[]) => Object.fromEntries(files.map((file) => [file.path, file]));
const before = (files: ReturnType<typeof list>, releaseCounter: number) =>
  onlyForBefore(files, { name: "house", releaseCounter } as Parameters<typeof onlyForBefore>[1]);

describe("[M11] for whom a release is signed", () => {
  test("is said by names and ids, or not at all", () => {
    expect(onlyForFrom({})).toBeUndefined();
    expect(onlyForFrom({ anywhere: true })).toBeNull();
    expect(onlyForFrom({ "only-deployment": "field, house" })).toEqual({ deployments: ["field", "house"] });
    expect(onlyForFrom({ "only-device": device })).toEqual({ devices: [device] });
  });

  test.each([
    { anywhere: true, "only-device": device },
    { "only-deployment": "" },
    { "only-deployment": "Field" },
    { "only-device": "field" },
  ])("is not said by %o", (args) => {
    expect(() => onlyForFrom(args)).toThrow(usage);
  });

  test("is left as it is by a refresh", () => {
    expect(() => checkRefreshOnly({})).not.toThrow();
    for (const args of [{ anywhere: true }, { "only-deployment": "field" }])
      expect(() => checkRefreshOnly(args)).toThrow(usage);
  });

  test("is what it was for that release, else for the newest of its name", () => {
    const files = list(named(1, ["field"]), named(3, ["barn"]), named(2));
    expect(before(files, 1)).toEqual({ deployments: ["field"] });
    expect(before(files, 2)).toBeUndefined();
    expect(before(files, 4)).toEqual({ deployments: ["barn"] });
    expect(before({}, 1)).toBeUndefined();
  });
});
