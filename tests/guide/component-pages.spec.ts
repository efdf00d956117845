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

/** What the page says that the visitor says, once its commands have run. */
async function promises(page: string): Promise<string[]> {
  const text = await readFile(join(root, "docs/guide", `component-${page}.md`), "utf8");
  const promise = /^The console of the device shows the visitor's lines?.*$/m.exec(text)?.[0] ?? "";
  const lines = [...promise.matchAll(/`([^`]+)`/g)].map(([, line = ""]) => line);
  expect(lines).toContain("hello visitor");
  return lines;
}

const pages = [
  { page: "typescript", isHere: () => true },
  { page: "c", isHere: () => true },
  { page: "rust", isHere: hasRust },
  { page: "elixir", isHere: () => true },
];

describe("[K10] the guide's pages on components, followed literally", () => {
  afterAll(async () => {
    await cleanUpAll();
    await rm(place, { recursive: true, force: true });
  });

  test.for(pages)(
    "$page: what the page says runs, and the visitor says what the page promises",
    async ({ page, isHere }, { skip }) => {
      if (!isHere()) skip();
      const world = await bootManifest(await follow(page));
      await world.line(/generation 1 .* (starts|is on trial)/);
      const visitor = world.console("visitor");
      for (const said of await promises(page)) {
        await until(() => visitor.lines.includes(`info ${said}`), `the visitor's line: ${said}`);
      }
      visitor.close();
      await cleanUpAll();
    },
  );

  test("c: what the page says, built again elsewhere, has the same bytes", async () => {
    const manifest = await follow("c");
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
        const alone = changed.replace(", lease: 64Ki", "");
        expect(alone).not.toBe(changed);
        await writeFile(manifest, alone);
        return buildRelease({ manifest, outDir: join(place, where, "out"), releaseCounter: 1, builtAtMs: 0 });
      };
      const [one, other] = [await build("guest"), await build("a/longer/guest")];
      expect(other.releaseDigest).toBe(one.releaseDigest);
    },
  );
});
