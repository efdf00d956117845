import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cleanUpAll, until } from "../../runtime/src/root-server/testing/bench.ts";
import { buildRelease } from "../../studio/src/build/index.ts";
import { bootManifest } from "../polyglot/device.ts";
import { hasRust } from "../polyglot/rust-station.ts";
import { hasVirtualMachine } from "../polyglot/virtual-machine.ts";

const root = join(import.meta.dirname, "../..");
const place = join(root, ".cache", `guide-${process.pid}`);

/** Lays the files of a page down as it says, in a folder of the checkout; returns the manifest. */
async function follow(page: string, within = place): Promise<string> {
  const text = await readFile(join(root, "docs/guide", `component-${page}.md`), "utf8");
  const blocks = [...text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)];
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  for (const [, file = "", content = ""] of blocks) {
    const path = join(within, page, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return join(within, page, "manifest.yaml");
}

describe("[K10] the guide's pages on components, followed literally", () => {
  afterAll(async () => {
    await cleanUpAll();
    await rm(place, { recursive: true, force: true });
  });

  test.each(["typescript", "elixir"])("%s: what the page says can be built", async (page) => {
    const built = await buildRelease({
      manifest: await follow(page),
      outDir: join(place, `${page}-out`),
      releaseCounter: 1,
    });
    expect(built.release.artifacts).toHaveLength(2);
  });

  test.skipIf(!hasRust())("rust: what the page says can be built", async () => {
    const built = await buildRelease({
      manifest: await follow("rust"),
      outDir: join(place, "rust-out"),
      releaseCounter: 1,
    });
    expect(built.release.artifacts).toHaveLength(2);
  });

  test("c: what the page says runs, and the visitor hears its greeting, reads its stream and its card in shared memory; built again elsewhere it has the same bytes", async () => {
    const manifest = await follow("c");
    const world = await bootManifest(manifest);
    await world.line(/generation 1 .* (starts|is on trial)/);
    const visitor = world.console("visitor");
    for (const said of ["hello visitor", "hello again", "a card from the greeter"]) {
      await until(() => visitor.lines.includes(`info ${said}`), `the visitor's line: ${said}`);
    }
    visitor.close();
    const once = await buildRelease({ manifest, outDir: join(place, "once"), releaseCounter: 1, builtAtMs: 0 });
    const elsewhere = await follow("c", join(place, "a/longer/place"));
    const again = await buildRelease({
      manifest: elsewhere,
      outDir: join(place, "again"),
      releaseCounter: 1,
      builtAtMs: 0,
    });
    expect(again.releaseDigest).toBe(once.releaseDigest);
  });

  test.skipIf(!hasVirtualMachine())(
    "c: the page's component can be a guest, as it says; built elsewhere it has the same bytes",
    async () => {
      const build = async (where: string) => {
        const manifest = await follow("c", join(place, where));
        const text = await readFile(manifest, "utf8");
        const guest = "runner: vm\n    memory: 160Mi\n    ready: 60s\n";
        const changed = text.replace(/runner: native\n {4}environment: .*\n {4}memory: .*\n {4}processes: .*\n/, guest);
        expect(changed).toContain(guest);
        await writeFile(manifest, changed);
        return buildRelease({ manifest, outDir: join(place, where, "out"), releaseCounter: 1, builtAtMs: 0 });
      };
      const [one, other] = [await build("guest"), await build("a/longer/guest")];
      expect(other.releaseDigest).toBe(one.releaseDigest);
    },
  );
});
