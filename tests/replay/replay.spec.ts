import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { climateFolder, recordClimate } from "./climate.ts";
import { replaysIdentically } from "./random-lives.ts";

const root = join(import.meta.dirname, "../..");
const place = join(root, ".cache", `replay-${process.pid}`);
const record = join(place, "climate.record");

const bulkhead = (...args: string[]) =>
  execa(process.execPath, [join(root, "studio/bin/bulkhead.js"), ...args], { cwd: place, reject: false });
const replay = (component: string, file = record) => bulkhead("replay", file, "--component", component, "--json");

afterAll(() => rm(place, { recursive: true, force: true }));

describe("[K+] bulkhead replay, with the climate controller of the greenhouse", () => {
  beforeAll(async () => {
    await mkdir(place, { recursive: true });
    const { bytes, exitCode } = await recordClimate();
    expect(exitCode).toBe(0);
    await writeFile(record, bytes);
  });

  test("says that it did the same", async () => {
    const { stdout, exitCode } = await replay(climateFolder);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, identical: true, component: "component", ended: "exit" });
    expect(JSON.parse(stdout).outputs).toBeGreaterThan(100);
    expect(exitCode).toBe(0);
  });

  test("names the first frame that a build with another threshold sends otherwise", async () => {
    const greenhouse = join(place, "greenhouse");
    await cp(join(climateFolder, ".."), greenhouse, { recursive: true });
    const main = join(greenhouse, "climate/main.ts");
    const source = await readFile(main, "utf8");
    // 25.5 °C: too cool for the fan as it was recorded, too warm for this one.
    await writeFile(
      main,
      source.replace("fanOnMilliC: z.number().int().default(26_000)", "fanOnMilliC: z.number().int().default(25_200)"),
    );
    const { stdout, exitCode } = await replay(join(greenhouse, "climate"));
    expect(exitCode).toBe(1);
    const { difference } = JSON.parse(stdout);
    // The thermometer's answer is 25.5 °C for the first time: 0x1980.
    expect(difference.after).toMatch(/^frame \d+,\[1,\d+,null,\{"data":\{"0":25,"1":128\}\}\]/);
    expect(difference.found).toMatch(/^send \d+,\[0,\d+,"write",\{"level":1\}\]$/);
    expect(difference.expected).not.toBe(difference.found);
  });

  test("refuses a record that was cut in the middle of an entry, with a code", async () => {
    const cut = join(place, "cut.record");
    await writeFile(cut, (await readFile(record)).subarray(0, -3));
    const { stdout, exitCode } = await replay(climateFolder, cut);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, errors: [{ code: "RECORD_DAMAGED" }] });
  });
});

test("[K+] the guide's page on it, followed literally", async () => {
  const page = await readFile(join(root, "docs/guide/replay.md"), "utf8");
  const blocks = [...page.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)];
  expect(blocks).toHaveLength(3);
  const inPlace = join(place, "replayed");
  for (const [, file = "", content = ""] of blocks) {
    await mkdir(dirname(join(inPlace, file)), { recursive: true });
    await writeFile(join(inPlace, file), content);
  }
  const commands = (/^```\n(npm [\s\S]*?)^```$/m.exec(page)?.[1] ?? "").trim().split("\n");
  const words = commands.map((line) => line.replaceAll("manifests/replayed", inPlace).split(" "));
  expect(words.map(([program]) => program)).toEqual(["npm", "npx"]);
  const [record = [], again = []] = words;
  const run = ([program = "", ...args]: string[]) =>
    execa(program, args, { cwd: place, preferLocal: true, localDir: root, reject: false });
  const recorded = await run(record);
  expect(recorded.exitCode, recorded.stderr).toBe(0);
  const same = await run(again);
  expect(same.stdout).toMatch(/^component did the same: \d+ outputs in \d+ turns, up to its exit$/);
  const main = join(inPlace, "greeter/main.ts");
  await writeFile(main, (await readFile(main, "utf8")).replace("politeness = 2", "politeness = 1"));
  const other = await run(again);
  expect(other.exitCode).toBe(1);
  const shape = (text: string) => text.replace(/turn \d+|[\d.]+ ms/g, "#");
  expect(page).toContain("component did something else");
  const shown = /^component did something else[\s\S]*?(?=\n```)/m.exec(page)?.[0] ?? "";
  expect(shape(other.stdout)).toBe(shape(shown));
});

// More of them: npm run prove -- replay.
test("[K+] a component is replayed identically whatever happened to it", () => replaysIdentically(3));
