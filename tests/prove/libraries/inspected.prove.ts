/** The system polyglot with the message server in the middle of every channel: what each client library says and takes passes its second check. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { cleanUpAll, until } from "../../../runtime/src/root-server/testing/bench.ts";
import type { SpecWorld } from "../../../runtime/src/root-server/testing/device.ts";
import { bootManifest } from "../../polyglot/device.ts";
import { hasRust } from "../../polyglot/rust-station.ts";
import { withoutStations } from "../../polyglot/without-stations.ts";

// Bun's and the worker's library is that of Node, the guest's that of C.
const left = ["vm", "worker", "bun", ...(hasRust() ? [] : ["rust"])];

const ringSchema = z.looseObject({
  components: z.record(z.string(), z.looseObject({ uses: z.record(z.string(), z.unknown()).optional() })),
});
const useSchema = z.union([z.string(), z.object({ from: z.string() }).transform(({ from }) => from)]);

/** What stands in shared memory nobody can inspect, so leases go. */
async function inspectAll(manifest: string): Promise<string> {
  const ring = ringSchema.parse(parse(await readFile(manifest, "utf8")));
  for (const { uses } of Object.values(ring.components)) {
    for (const [name, use] of Object.entries(uses ?? {})) {
      Object.assign(uses ?? {}, { [name]: { from: useSchema.parse(use), inspect: true } });
    }
  }
  await writeFile(manifest, stringify(ring));
  return manifest;
}

describe("[K3] [K10] the system polyglot, every channel of it inspected", () => {
  let world: SpecWorld;
  let first: ReturnType<SpecWorld["console"]>;

  beforeAll(async () => {
    const whole = join(import.meta.dirname, "../../../manifests/polyglot/manifest.yaml");
    world = await bootManifest(await inspectAll(await withoutStations(whole, left)), ["message-server"]);
    await world.line(/generation 1 .* (starts|is on trial)/);
    first = world.console("first");
  });
  afterAll(async () => {
    first?.close();
    await cleanUpAll();
  });

  const said = (what: RegExp) => until(() => first.lines.find((line) => what.test(line)), `what first says of ${what}`);

  test("a token goes through all libraries and comes back", async () => {
    expect(await said(/round \d+: first/)).toMatch(/: first c (rust )?erlang elixir last$/);
  });

  test("streams go through all of them, both ways, in order and whole", async () => {
    expect(await said(/ down: /)).toMatch(/info down: 100 items$/);
    expect(await said(/ up: /)).toMatch(/info up: 100 items$/);
  });
});
