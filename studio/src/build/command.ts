/** `bulkhead build`: from a manifest to a release that can be signed; or the same once more, to see whether it is the same. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { openerOf, openingOptions } from "../seal/options.ts";
import { keyOptions, openRing } from "../sign/options.ts";
import { seal } from "../sign/papers.ts";
import { formatBuild, resultOf } from "./format-build.ts";
import { buildProject, paperFiles } from "./project-build.ts";
import { formatVerification } from "./verify/format.ts";
import { verifyRelease } from "./verify/index.ts";

type Arguments = {
  manifest: string;
  out?: string | undefined;
  counter: string;
  epoch: string;
  base?: string | undefined;
  keys?: string | undefined;
  verify?: string | undefined;
  repository?: string | undefined;
  "deployment-key"?: string | undefined;
  json?: boolean | undefined;
};

export const command = defineCommand({
  meta: {
    name: "build",
    description:
      "Build the release of a manifest, in a sandbox: one bundle per component, one document that gets signed, and its papers.",
  },
  args: {
    manifest: { type: "positional", description: "The manifest (YAML).", required: true },
    out: { type: "string", alias: "o", description: "Directory for the release.", valueHint: "DIR" },
    counter: { type: "string", description: "Release counter; rises with every release.", default: "1" },
    epoch: { type: "string", description: "Security epoch; devices never go below it.", default: "0" },
    base: {
      type: "string",
      description: "Takes the base system with it, for boards with slots: what `bulkhead image build` wrote there.",
      valueHint: "DIR",
    },
    verify: {
      type: "string",
      description:
        "Build this release anew and compare: a directory of a build, or with --repository a signed one; 1 where it differs.",
      valueHint: "RELEASE",
    },
    repository: { type: "string", description: "Repository that has the release to verify.", valueHint: "DIR" },
    ...openingOptions,
    ...keyOptions,
    keys: { type: "string", description: "Key of role builder, to sign the provenance here.", valueHint: "PATH" },
    ...jsonOption,
  },
  run: ({ args }) => (args.verify === undefined ? build(args) : verify(args, args.verify)),
});

async function build(args: Arguments): Promise<boolean> {
  const { manifest, out: outDir, repository, base } = args;
  if (outDir === undefined || repository !== undefined) {
    throw new BulkheadError("USAGE", "where is the release to go?", {
      remedy: "give -o DIR; --repository goes with --verify",
    });
  }
  const options = { manifest, outDir, ...numbersOf(args), base: base === undefined ? undefined : { image: base } };
  const ring = args.keys === undefined ? undefined : await openRing(args);
  const built = await withProgress("Building the components", () => buildProject(options));
  const envelope = ring && (await seal(built.provenance, ring));
  if (ring !== undefined && envelope === undefined) {
    throw new BulkheadError("KEYS_INVALID", "there is no key here that may sign how a release was built", {
      remedy: "bulkhead keys new FILE --role builder",
    });
  }
  if (envelope !== undefined) await writeFile(join(outDir, paperFiles.envelope), envelope);
  printResult(args.json, resultOf(built, envelope !== undefined), formatBuild(built, envelope !== undefined));
  return true;
}

async function verify(args: Arguments, release: string): Promise<boolean> {
  const { manifest, out, keys, base, repository, json } = args;
  if (out !== undefined || keys !== undefined || base !== undefined) {
    throw new BulkheadError("USAGE", "--verify writes nothing", { remedy: "leave out -o, --keys and --base" });
  }
  const what = { manifest, release, repository, unwrap: await openerOf(args) };
  const found = await withProgress("Building the release anew", () => verifyRelease(what));
  printResult(json, found, formatVerification(found));
  return found.same;
}

function numbersOf({ counter, epoch }: Arguments) {
  return { releaseCounter: integer("counter", counter, 1), securityEpoch: integer("epoch", epoch, 0) };
}

function integer(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= least) return value;
  throw new BulkheadError("USAGE", `--${option} ${text} is not an integer of at least ${least}`);
}
