/** The ring without some of its stations, for a machine that cannot build or run them: the one before is linked to the one behind. */
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { cleanUp } from "../../runtime/src/root-server/testing/bench.ts";

const ringSchema = z.looseObject({
  components: z.record(z.string(), z.looseObject({ uses: z.looseObject({ next: z.unknown() }).optional() })),
});

/** `next: c.ring`, or with more to say `next: { from: c.ring, … }`. */
function providerOf(use: unknown): unknown {
  return z.looseObject({ from: z.string() }).safeParse(use).data?.from ?? use;
}

/** The manifest itself where nothing is missing; else one in a directory of its own, beside links to the same images. */
export async function withoutStations(manifest: string, missing: readonly string[]): Promise<string> {
  if (missing.length === 0) return manifest;
  const ring = ringSchema.parse(parse(await readFile(manifest, "utf8")));
  for (const name of missing) {
    const next = ring.components[name]?.uses;
    delete ring.components[name];
    for (const station of Object.values(ring.components)) {
      if (next && station.uses && providerOf(station.uses.next) === `${name}.ring`) station.uses.next = next.next;
    }
  }
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-polyglot-"));
  cleanUp.push(() => rm(directory, { recursive: true, force: true }));
  for (const name of await readdir(dirname(manifest))) {
    if (!name.endsWith(".yaml")) await symlink(join(dirname(manifest), name), join(directory, name));
  }
  await writeFile(join(directory, "manifest.yaml"), stringify(ring));
  return join(directory, "manifest.yaml");
}
