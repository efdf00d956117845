/** What an overlay can do to a release, and what none can, whatever it says. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, type Json } from "../canonical-json.ts";
import { sha256 } from "../crypto.ts";
import { reportError } from "../errors.ts";
import type { InstalledRelease, Release } from "../release.ts";
import { plainComponent, plainSystem } from "../testing/index.ts";
import { checkBinding } from "./binding.ts";
import { type Overlay, overlaySchema, overlayTargetName, parseOverlay } from "./document.ts";
import { applyOverlay, whyBeyond } from "./merge.ts";
import { overlayNameSchema } from "./name.ts";

const MiB = 1024 ** 2;
const device = "d-0123456789abcdef";
const release: Release = {
  ...{ format: 1, name: "greenhouse", version: "1.0.0", releaseCounter: 3, securityEpoch: 1, board: "virtual" },
  builtAtMs: 1,
  system: plainSystem({
    components: {
      climate: plainComponent({ config: { levelMilliC: 26_500, mode: "eco", isLit: true, label: "north", fixed: 7 } }),
      telemetry: plainComponent({ network: ["mqtt", "http"], memoryBytes: 32 * MiB }),
    },
    overlayable: {
      memoryBytes: 128 * MiB,
      values: {
        "climate.config.levelMilliC": { type: "integer", min: 15_000, max: 35_000 },
        "climate.config.mode": { type: "choice", of: ["eco", "full"] },
        "climate.config.isLit": { type: "boolean" },
        "climate.config.label": { type: "text", maxLength: 8 },
        "climate.memory": { type: "integer", min: 32 * MiB, max: 96 * MiB },
        "telemetry.memory": { type: "integer", min: 32 * MiB, max: 96 * MiB },
        "telemetry.network": { type: "subset", of: ["mqtt", "http"] },
      },
    },
  }),
  artifacts: [],
};
const releaseDigest = sha256(canonicalJson(release));

const documentOf = (values: Overlay["values"], more: Partial<Overlay> = {}): Overlay => ({
  ...{ format: 1, overlay: "warmer", deployment: "field", overlayCounter: 4, base: releaseDigest },
  ...{ devices: [device], expiresMs: 2_000, values },
  ...more,
});
function overlayOf(values: Overlay["values"]) {
  const document = documentOf(values);
  return { document, digest: sha256(canonicalJson(document)) };
}
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "accepted";
  } catch (error) {
    return reportError(error).code;
  }
};

describe("[M12] an overlay", () => {
  test("sets what the release marks, and the effective digest is that of the two together", () => {
    const overlay = overlayOf({ "climate.config.levelMilliC": 27_000, "telemetry.network": ["mqtt"] });
    const { release: effective, digest } = applyOverlay(release, overlay);
    expect(effective.system.components["climate"]?.config).toMatchObject({
      levelMilliC: 27_000,
      mode: "eco",
      fixed: 7,
    });
    expect(effective.system.components["telemetry"]?.network).toEqual(["mqtt"]);
    expect(effective.overlay).toEqual({
      ...{ name: "warmer", overlayCounter: 4, digest: overlay.digest, base: releaseDigest },
    });
    expect(digest).toBe(sha256(canonicalJson(effective)));
    expect(whyBeyond(release, effective)).toBeUndefined();
    // The release itself stays as it was.
    expect(sha256(canonicalJson(release))).toBe(releaseDigest);
  });

  test.each<[string, Overlay["values"], string]>([
    ["a setting that is not marked", { "climate.config.fixed": 8 }, "climate.config.fixed"],
    ["a setting that does not exist", { "climate.config.nothing": 8 }, "climate.config.nothing"],
    ["memory of another component", { "clock-server.memory": 8 }, "clock-server.memory"],
    ["a number out of its range", { "climate.config.levelMilliC": 35_001 }, "from 15000 to 35000"],
    ["a number of another type", { "climate.config.levelMilliC": "27000" }, "an integer"],
    ["a choice that there is not", { "climate.config.mode": "turbo" }, "eco, full"],
    ["a text that is too long", { "climate.config.label": "far too long" }, "8 characters"],
    ["a proxy that the release does not name", { "telemetry.network": ["mqtt", "ssh"] }, "mqtt, http"],
    ["a proxy twice", { "telemetry.network": ["mqtt", "mqtt"] }, "mqtt, http"],
    ["less memory than it was given", { "climate.memory": MiB }, "from"],
    ["more memory than the board has, in sum", { "climate.memory": 96 * MiB, "telemetry.memory": 96 * MiB }, "128Mi"],
  ])("with %s is refused, and says so", (_, values, words) => {
    expect(() => applyOverlay(release, overlayOf(values))).toThrow(
      expect.objectContaining({ code: "OVERLAY_NOT_ALLOWED", message: expect.stringContaining(words) }),
    );
  });

  test("on a release that marks nothing sets nothing", () => {
    const { overlayable: _, ...system } = release.system;
    expect(codeOf(() => applyOverlay({ ...release, system }, overlayOf({ "climate.memory": 64 * MiB })))).toBe(
      "OVERLAY_NOT_ALLOWED",
    );
  });

  test("is for its release, deployment, devices and time alone", () => {
    const { document } = overlayOf({ "climate.config.isLit": false });
    const to = { releaseDigest, deployment: "field", deviceId: device, nowMs: 1_999 };
    const check = (change: Partial<typeof to>, more: Partial<Overlay> = {}) =>
      codeOf(() => checkBinding({ ...document, ...more }, { ...to, ...change }));
    expect(check({})).toBe("accepted");
    expect(check({ deviceId: "d-ffffffffffffffff" }, { devices: null })).toBe("accepted");
    expect(check({ releaseDigest: "f".repeat(64) })).toBe("OVERLAY_WRONG_RELEASE");
    expect(check({ deployment: "house" })).toBe("OVERLAY_WRONG_DEVICE");
    expect(check({ deviceId: "d-ffffffffffffffff" })).toBe("OVERLAY_WRONG_DEVICE");
    expect(check({ nowMs: 2_000 })).toBe("OVERLAY_EXPIRED");
  });

  test("is read in canonical form, and of the known form, alone", () => {
    const { document, digest } = overlayOf({ "climate.memory": 64 * MiB });
    expect(parseOverlay(canonicalJson(document), "it")).toEqual({ document, digest });
    const forms: unknown[] = [
      { ...document, values: {} },
      { ...document, values: { "climate.image": "x" } },
      { ...document, values: { "climate.config.__proto__": 1 } },
      { ...document, values: { "climate.config.a": "\ud800" } },
      { ...document, more: 1 },
      { ...document, devices: [] },
      { ...document, overlayCounter: 0 },
      { ...document, deployment: "../field" },
    ];
    for (const form of forms) {
      expect(codeOf(() => parseOverlay(canonicalJson(form as Json), "it"))).toBe("OVERLAY_INVALID");
    }
    expect(codeOf(() => parseOverlay(JSON.stringify(document, null, 1), "it"))).toBe("OVERLAY_INVALID");
    expect(codeOf(() => parseOverlay("nothing", "it"))).toBe("OVERLAY_INVALID");
  });

  test("has a name among the targets that a device takes", () => {
    const target = overlayTargetName(overlayOf({}).document);
    expect(target).toBe("overlays/field/warmer-4.json");
    expect(overlayNameSchema.safeParse({ target, digest: releaseDigest }).success).toBe(true);
    expect(overlayNameSchema.safeParse({ target: `../${target}`, digest: releaseDigest }).success).toBe(false);
  });
});

const places = Object.keys(release.system.overlayable?.values ?? {});
const anyPlace = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...places) },
  fc.constantFrom("climate.config.fixed", "telemetry.config.a", "climate.network", "verifier.memory", "climate.image"),
  fc.string(),
);
const anyValue = fc.oneof(
  fc.integer({ min: 10_000, max: 40_000 }),
  fc.integer({ min: 30, max: 100 }).map((size) => size * MiB),
  fc.constantFrom("eco", "full", true, false, 7),
  fc.subarray(["mqtt", "http", "ssh"]),
  fc.jsonValue() as fc.Arbitrary<never>,
);

test("[M12] no overlay, whatever it says, changes anything but marked values, or gives a component a proxy more", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.dictionary(anyPlace, anyValue, { minKeys: 1, maxKeys: 3 }), (values) => {
      const parsed = overlaySchema.safeParse(documentOf(values as Overlay["values"]));
      if (!parsed.success) return;
      const code = codeOf(() => applyOverlay(release, overlayOf(parsed.data.values)));
      expect(["accepted", "OVERLAY_NOT_ALLOWED"]).toContain(code);
      if (code !== "accepted") return;
      accepted += 1;
      const { release: effective } = applyOverlay(release, overlayOf(parsed.data.values));
      expect(Object.keys(parsed.data.values).filter((place) => !places.includes(place))).toEqual([]);
      const { overlay: _, ...rest } = effective;
      const { climate, telemetry } = effective.system.components;
      const [was, wasToo] = [release.system.components["climate"], release.system.components["telemetry"]];
      const { fixed, ...others } = (climate?.config ?? {}) as Record<string, unknown>;
      expect([fixed, Object.keys(others).sort()]).toEqual([7, ["isLit", "label", "levelMilliC", "mode"]]);
      const components = {
        climate: { ...climate, config: was?.config, memoryBytes: was?.memoryBytes },
        telemetry: { ...telemetry, network: wasToo?.network, memoryBytes: wasToo?.memoryBytes },
      };
      expect({ ...rest, system: { ...rest.system, components } }).toEqual(release);
      for (const proxy of telemetry?.network ?? []) expect(["mqtt", "http"]).toContain(proxy);
      expect((climate?.memoryBytes ?? 0) + (telemetry?.memoryBytes ?? 0)).toBeLessThanOrEqual(128 * MiB);
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(50);
});

test("[M12] what is more than a release with marked values is seen in the two documents alone, wherever it is", () => {
  const { release: good } = applyOverlay(release, overlayOf({ "climate.config.levelMilliC": 27_000 }));
  const changeAt = (document: InstalledRelease, path: readonly (string | number)[]): InstalledRelease => {
    const copy = structuredClone(document);
    const parent = path.slice(0, -1).reduce((at: unknown, key) => (at as Record<string, unknown>)[key], copy);
    (parent as Record<string, unknown>)[path.at(-1) ?? ""] = "another";
    return copy;
  };
  const leaves = (value: unknown, path: readonly (string | number)[] = []): (string | number)[][] =>
    typeof value === "object" && value !== null && Object.keys(value).length > 0
      ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
      : [[...path]];
  const { overlay: _, ...rest } = good;
  const all = leaves(rest);
  expect(all.length).toBeGreaterThan(80);
  for (const path of all) {
    // A text of seven characters fits its range.
    const fits = path.join(".") === "system.components.climate.config.label";
    expect([path.join("."), whyBeyond(release, changeAt(good, path)) === undefined]).toEqual([path.join("."), fits]);
  }
  const components = { ...good.system.components, more: plainComponent() };
  expect(whyBeyond(release, { ...good, system: { ...good.system, components } })).toBeDefined();
});
