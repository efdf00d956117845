/** `bulkhead image`: images of boards, and the lock that says what they are made of. */
import { defineCommand } from "citty";
import { formatColumns } from "../cli/columns.ts";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { buildArchive } from "./archive.ts";
import { readBoards } from "./board.ts";
import { buildImage } from "./build.ts";
import type { Made } from "./making.ts";
import { makeLocks } from "./packages/lock.ts";
import { readRecipe } from "./packages/recipe.ts";
import { tierOf } from "./tiers.ts";

const common = {
  board: { type: "positional", description: "The board, as `bulkhead image ls` names it.", required: true },
  manifest: { type: "string", description: "Manifest of the first release.", valueHint: "FILE", required: true },
  out: { type: "string", alias: "o", description: "Directory for what is made.", valueHint: "DIR", required: true },
} as const;

const build = defineCommand({
  meta: { name: "build", description: "Build the image of a board's disk, with the release that it begins with." },
  args: {
    ...common,
    bsp: { type: "string", description: "What its maker gives: kernel, modules, device tree.", valueHint: "DIR" },
    ...jsonOption,
  },
  run: ({ args }) => report(args, (onStep) => buildImage({ ...optionsOf(args), bsp: args.bsp, onStep })),
});

const archive = defineCommand({
  meta: {
    name: "archive",
    description: "Build an archive that puts runtime and release onto the Linux that a board has.",
  },
  args: { ...common, ...jsonOption },
  run: ({ args }) => report(args, (onStep) => buildArchive({ ...optionsOf(args), onStep })),
});

type Asked = {
  readonly board: string;
  readonly manifest: string;
  readonly out: string;
  readonly json?: boolean | undefined;
};

function optionsOf({ board, manifest, out }: Asked) {
  return { board, manifest, outDir: out };
}

async function report(asked: Asked, make: (onStep: (text: string) => void) => Promise<Made>): Promise<void> {
  const startMs = performance.now();
  const seconds = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
  const { files, digest, releaseDigest } = await make((text) =>
    process.stderr.write(`${seconds().padStart(8)}  ${text}\n`),
  );
  const lines = files.map(({ name, sizeBytes, sha256 }) => `  ${sha256}  ${name}  ${Math.ceil(sizeBytes / 1024)} KiB`);
  const words = [`${asked.out}: made in ${seconds()}`, ...lines].join("\n");
  printResult(asked.json ?? false, { digest, releaseDigest, files }, words);
}

const lock = defineCommand({
  meta: { name: "lock", description: "Lock the packages of all images anew, to what Debian's archive has now." },
  args: { ...jsonOption },
  async run({ args }) {
    const recipe = await readRecipe();
    const counts = await withProgress("Asking Debian's archive", () => makeLocks(recipe, readBoards()));
    const lines = [...counts].map(([architecture, count]) => `images/${architecture}.lock: ${count} packages`);
    printResult(args.json, { packages: Object.fromEntries(counts) }, lines.join("\n"));
  },
});

const ls = defineCommand({
  meta: { name: "ls", description: "List the boards, and what of an image Bulkhead makes for each." },
  args: { ...jsonOption },
  run({ args }) {
    const boards = readBoards().map((board) => ({ board: board.board, title: board.title, ...tierOf(board) }));
    const rows = boards.map(({ board, tier, detail }) => [board, tier, detail]);
    printResult(args.json, { boards }, formatColumns([["BOARD", "IMAGE", ""], ...rows]));
  },
});

export const command = defineCommand({
  meta: { name: "image", description: "Images of boards: kernel, base system, runtime and a first release." },
  subCommands: { archive, build, ls, lock },
});
