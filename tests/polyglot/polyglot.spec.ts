import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUpAll, until } from "../../runtime/src/root-server/testing/bench.ts";
import type { SpecWorld } from "../../runtime/src/root-server/testing/device.ts";
import { bootManifest } from "./device.ts";

const manifest = join(import.meta.dirname, "../../manifests/polyglot/manifest.yaml");

describe("[K10] the system polyglot, a component per runner", () => {
  let world: SpecWorld;
  let first: ReturnType<SpecWorld["console"]>;

  beforeAll(async () => {
    world = await bootManifest(manifest);
    await world.line(/generation 1 .* (starts|is on trial)/);
    first = world.console("first");
  });
  afterAll(async () => {
    first?.close();
    await cleanUpAll();
  });

  test("a token goes through all of them and comes back", async () => {
    const line = await until(() => first.lines.find((text) => /round \d+: /.test(text)), "a round that came back");
    expect(line).toMatch(/round \d+: first c last$/);
  });
});
