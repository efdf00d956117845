import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkOnlyFor, type OnlyFor, onlyForOf, onlyForText } from "./only-for.ts";

const [one, two] = ["d-0000000000000001", "d-0000000000000002"] as const;
const code = (wanted: string) => expect.objectContaining({ code: wanted });
const taken = (onlyFor: OnlyFor | undefined, deployment: string, deviceId: string): boolean => {
  try {
    checkOnlyFor(onlyFor, "house-1.json", { deployment, deviceId });
    return true;
  } catch (error) {
    expect(error).toEqual(code("RELEASE_WRONG_DEVICE"));
    return false;
  }
};

describe("[M11] for whom a release is", () => {
  test("any device, where the targets say nothing of it", () => {
    for (const custom of [undefined, {}, { releaseCounter: 3 }])
      expect(onlyForOf(custom, "house-1.json")).toBeUndefined();
    expect(taken(undefined, "field", one)).toBe(true);
  });

  test("what cannot be understood is for nobody", () => {
    for (const onlyFor of [{}, null, [], "field", { deployments: [] }, { devices: [] }, { devices: ["one"] }])
      expect(() => onlyForOf({ onlyFor }, "house-1.json")).toThrow(code("RELEASE_METADATA_INVALID"));
    // A bound that this device does not know yet is a bound all the same.
    expect(() => onlyForOf({ onlyFor: { deployments: ["field"], until: 1 } }, "house-1.json")).toThrow(
      code("RELEASE_METADATA_INVALID"),
    );
  });

  test("a device takes it where it is in a named deployment, if any is named, and is a named device, if any is", () => {
    const names = fc.uniqueArray(fc.constantFrom<string>("field", "house", "barn"), { minLength: 1 });
    const ids = fc.uniqueArray(fc.constantFrom<string>(one, two), { minLength: 1 });
    const some = fc
      .record({ deployments: names, devices: ids }, { requiredKeys: [] })
      .filter((onlyFor) => Object.keys(onlyFor).length > 0);
    fc.assert(
      fc.property(
        some,
        fc.constantFrom("field", "house", "default"),
        fc.constantFrom(one, two),
        (onlyFor, name, id) => {
          const isMeant = (onlyFor.deployments?.includes(name) ?? true) && (onlyFor.devices?.includes(id) ?? true);
          expect(taken(onlyForOf({ onlyFor }, "house-1.json"), name, id)).toBe(isMeant);
        },
      ),
    );
  });

  test("is said in words", () => {
    expect(onlyForText(undefined)).toBe("for any device of its board");
    expect(onlyForText({ deployments: ["field", "house"] })).toBe("only for deployment field, house");
    expect(onlyForText({ deployments: ["field"], devices: [one] })).toBe(
      `only for deployment field, and there device ${one}`,
    );
  });
});
