/** `bulkhead image`: images of boards, and the lock that says what they are made of. */
import { defineCommand } from "citty";
import { formatColumns } from "../cli/columns.ts";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { readBoards } from "./board.ts";
import { buildImage } from "./build.ts";
import { makeLocks } from "./packages/lock.ts";
import { readRecipe } from "./packages/recipe.ts";
import { tierOf } from "./tiers.ts";

const build = defineCommand({
  meta: { name: "build", description: "Build the image of a board's disk, with the release that it begins with." },
  args: {
    board: { type: "positional", description: "The board, as `bulkhead image ls` names it.", required: true },
    manifest: { type: "string", description: "Manifest of the first release.", valueHint: "FILE", required: true },
    out: { type: "string", alias: "o", description: "Directory for the image.", valueHint: "DIR", required: true },
    ...jsonOption,
  },
  async run({ args }) {
    const startMs = performance.now();
    const seconds = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
    const onStep = (text: string) => process.stderr.write(`${seconds().padStart(8)}  ${text}\n`);
    const { files, digest, releaseDigest } = await buildImage({
      board: args.board,
      manifest: args.manifest,
      outDir: args.out,
      onStep,
    });
    const lines = files.map(
      ({ name, sizeBytes, sha256 }) => `  ${sha256}  ${name}  ${Math.ceil(sizeBytes / 1024)} KiB`,
    );
    printResult(
      args.json,
      { digest, releaseDigest, files },
      [`${args.out}: made in ${seconds()}`, ...lines].join("\n"),
    );
  },
});

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
  subCommands: { build, ls, lock },
});
