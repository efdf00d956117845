/** 1: the compiler takes the example and refuses, in words and with the place, what is wrong with three others. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorTable } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { type Fact, fact, type Proof } from "../proof.ts";

const answerSchema = z.object({
  errors: z.array(
    z.object({
      code: z.enum(Object.keys(errorTable) as [string, ...string[]]),
      message: z.string(),
      remedy: z.string().optional(),
      place: z.object({ file: z.string(), line: z.number(), column: z.number() }).optional(),
    }),
  ),
});

/** Each takes the text of the example and breaks one thing; `marker` stands on the line that must be named. */
const broken = [
  {
    name: "an unknown key",
    code: "MANIFEST_UNKNOWN_KEY",
    marker: "memroy",
    change: (text: string) => text.replace(/^ {4}memory:/m, "    memroy:"),
  },
  {
    name: "a channel to a missing component",
    code: "MANIFEST_UNKNOWN_COMPONENT",
    marker: "nobody.at-home",
    change: (text: string) => text.replace("clock-server.time", "nobody.at-home"),
  },
  {
    name: "an option that the board policy forbids",
    code: "MANIFEST_POLICY_FORBIDS",
    marker: "network: [internet]",
    change: (text: string) => text.replace("network: [mqtt]", "network: [internet]"),
  },
];

export const manifestProof: Proof = {
  title: "the manifest is compiled, and what is wrong is refused with code, place and remedy",
  async prove({ manifest, scratch }) {
    const good = await check(manifest);
    const text = await readFile(manifest, "utf8");
    // Beside the components, as the images of a manifest are folders next to it.
    const copy = join(scratch, "broken");
    await cp(dirname(manifest), copy, { recursive: true });
    const facts = [fact(good.code === 0, `bulkhead check takes ${manifest.slice(bulkheadDirectory.length + 1)}`)];
    for (const [index, one] of broken.entries())
      facts.push(await refusal(text, one, join(copy, `broken-${index}.yaml`)));
    return facts;
  },
};

async function refusal(
  text: string,
  { name, code, marker, change }: (typeof broken)[number],
  file: string,
): Promise<Fact> {
  const changed = change(text);
  await writeFile(file, changed);
  const line = changed.split("\n").findIndex((one) => one.includes(marker)) + 1;
  const answer = await check(file);
  const error = answer.errors.find((one) => one.code === code);
  const at = error?.place;
  const holds =
    answer.code === 1 &&
    line > 0 &&
    at?.line === line &&
    at.column > 0 &&
    at.file === file &&
    (error?.remedy ?? "") !== "";
  return fact(
    holds,
    `${name}: ${error ? `${error.code} at ${at?.line}:${at?.column}: ${error.message} → ${error.remedy}` : `not refused as ${code}: ${JSON.stringify(answer)}`}`,
  );
}

async function check(manifest: string): Promise<{ code: number; errors: z.infer<typeof answerSchema>["errors"] }> {
  const program = join(bulkheadDirectory, "studio/bin/bulkhead.js");
  const result = await execa(process.execPath, [program, "check", manifest, "--json"], { reject: false });
  const errors = result.exitCode === 0 ? [] : answerSchema.parse(JSON.parse(result.stdout)).errors;
  return { code: result.exitCode ?? -1, errors };
}
