/** A board's root file system as a tree: Debian's part, our files, Node, the runtime, and the release that a board begins with. */
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board, BoardImage } from "@bulkhead/protocol/manifest";
import { initCommand } from "@bulkhead/runtime";
import { buildBoardPrograms, buildPlatform } from "../../build/index.ts";
import type { Builder } from "../builder.ts";
import type { LockedPackage } from "../packages/locked.ts";
import type { Recipe } from "../packages/recipe.ts";
import { recipeDir } from "../places.ts";
import { takeKernel } from "../slot/boot-files.ts";
import { prune, unpackPackages } from "./packages.ts";

export type TreeOptions = {
  readonly board: Board;
  readonly image: BoardImage;
  readonly recipe: Recipe;
  readonly packages: readonly LockedPackage[];
  /** Node's program; left out: Debian's, from `packages`. */
  readonly nodeFile: string | undefined;
  /** What `buildRelease` wrote. */
  readonly releaseDir: string;
};

const ours = "usr/lib/bulkhead";
const mountPoints = ["data", "dev", "proc", "root", "run", "sys", "tmp", "var"];

/** Makes `<workDir>/root`. Returns the kernel's release. */
export async function makeRoot(builder: Builder, workDir: string, options: TreeOptions): Promise<string> {
  const root = join(workDir, "root");
  await unpackPackages(builder, "root", options.packages);
  await takeKernel(builder, workDir, options.image);
  await prune(root, options.recipe.prune);
  for (const place of mountPoints) await mkdir(join(root, place), { recursive: true });
  // Overlaid, so that a file of ours stands in for the package's.
  await cp(join(recipeDir, "root"), root, { recursive: true, force: true, verbatimSymlinks: true });
  await maskUnits(root, options.recipe.mask);
  const startMinutes = 4 + options.board.pace;
  const units = join(root, "usr/lib/systemd/system");
  const server = { "init-command": initCommand.join(" "), "start-minutes": `${startMinutes}` };
  await fillIn(join(units, "bulkhead-root-server.service"), server);
  await fillIn(join(units, "bulkhead-slot.service"), { "slot-minutes": `${startMinutes + 1}` });
  await installBulkhead(root, options);
  const [release = ""] = await readdir(join(root, "usr/lib/modules"));
  await builder.run("depmod", ["--basedir", "/work/root", release]);
  return release;
}

/** systemd takes a unit that is a link to /dev/null for one that is never to start (systemd.unit(5)). */
async function maskUnits(root: string, units: readonly string[]): Promise<void> {
  const place = join(root, "etc/systemd/system");
  await mkdir(place, { recursive: true });
  for (const unit of units) {
    await rm(join(place, unit), { recursive: true, force: true });
    await symlink("/dev/null", join(place, unit));
  }
}

async function installBulkhead(root: string, { board, nodeFile, releaseDir }: TreeOptions): Promise<void> {
  const place = join(root, ours);
  await buildPlatform(join(place, "platform"));
  await buildBoardPrograms(join(place, "platform"));
  await copyFile(nodeFile ?? join(root, "usr/bin/node"), join(place, "node"));
  await chmod(join(place, "node"), 0o755);
  await cp(releaseDir, join(place, "factory"), { recursive: true, filter: (path) => !path.endsWith("/blobs") });
  const config = {
    ...{ format: 1, instance: "board", board: board.board, dataDir: "/data", platformDir: `/${ours}/platform` },
    ...{ runDir: "/run/bulkhead", nodePath: `/${ours}/node`, uidBase, resolvers: "/run/uplink/resolv.conf" },
    trial: { windowMs: 20_000 * board.pace, steadyMs: 2_000 },
  };
  await writeFile(join(place, "root-server.json"), `${JSON.stringify(config, null, 2)}\n`);
}

/** Far above what packages give, and far below what user namespaces are given by habit. */
const uidBase = 20_000;

/** Replaces `@name@` in a file by what it stands for. */
async function fillIn(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(file, "utf8");
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`@${name}@`, value);
  await writeFile(file, text);
}
