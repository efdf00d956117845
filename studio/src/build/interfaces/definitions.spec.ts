import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bulkheadDirectory, driverEntry } from "../../locations.ts";
import { buildRelease } from "../release.ts";
import { readDefinitions } from "./definitions.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-definitions-spec-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function component(name: string, code: string): Promise<[string, string]> {
  await mkdir(join(scratch, name), { recursive: true });
  const file = join(scratch, name, "main.ts");
  await writeFile(file, `${code}\nexport const component = { uses: {}, provides: {}, start() {} };\n`);
  return [name, file];
}

test("[K4] a build is refused where two components were written against different forms of an interface", async () => {
  const manifest = join(bulkheadDirectory, "tests/manifests/mismatch/manifest.yaml");
  await expect(buildRelease({ manifest, outDir: join(scratch, "out"), releaseCounter: 1 })).rejects.toMatchObject({
    code: "BUILD_INTERFACE_MISMATCH",
    message: expect.stringMatching(
      /`client.light` \([0-9a-f]{12}\) and `server.lamp` \([0-9a-f]{12}\) have different forms/,
    ),
    place: { line: 10, column: 7 },
  });
});

test("[K4] what a component says of itself is read, and what it prints meanwhile is not taken for it", async () => {
  const entries = new Map([["driver:gpio", driverEntry("gpio")], await component("loud", 'console.log("{}");')]);
  const definitions = await readDefinitions(entries);
  expect(definitions.get("driver:gpio")?.provides["line"]).toMatchObject({ interface: "gpio-line" });
  expect(definitions.get("driver:gpio")?.provides["line"]?.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(definitions.get("loud")).toEqual({ uses: {}, provides: {} });
});

test.each([
  ["throws", 'throw new Error("no sensor");', "no sensor"],
  ["reads files", 'import { readFileSync } from "node:fs";\nreadFileSync("/etc/hostname");', "restricted"],
  ["starts programs", 'import { execFileSync } from "node:child_process";\nexecFileSync("true");', "restricted"],
  ["wants the environment", 'if (!process.env["HOME"]) throw new Error("no environment");', "no environment"],
])("[K4] a component that %s when it is loaded is told by its name", async (what, code, reason) => {
  const entries = new Map([await component(what.replaceAll(" ", "-"), code)]);
  await expect(readDefinitions(entries)).rejects.toMatchObject({
    code: "BUILD_FAILED",
    message: expect.stringMatching(new RegExp(`^${what.replaceAll(" ", "-")} cannot be loaded: .*${reason}`)),
  });
});
