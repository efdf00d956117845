/** A board's root file system as a tree: Debian's part, our files, Node and the runtime. Nothing in it is of a manifest. */
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board } from "@bulkhead/protocol/manifest";
import { initCommand } from "@bulkhead/runtime";
import { buildBoardPrograms, buildPlatform } from "../../build/index.ts";
import type { Making } from "../making.ts";
import { recipeDir } from "../places.ts";
import { bringKernel, takeKernel } from "../slot/kernel.ts";
import { makeBuiltinsLazy } from "./debian-builtins.ts";
import { prune, unpackPackages } from "./packages.ts";

const ours = "usr/lib/bulkhead";
/** Where the runtime is in a root. */
export const platformPlace: string = `${ours}/platform`;
const mountPoints = ["data", "dev", "proc", "root", "run", "sys", "tmp", "var"];

/** Whom a board asks for names: whoever its own DHCP client was told of, or the Linux that it has. */
const resolvers = { image: "/run/uplink/resolv.conf", archive: "/etc/resolv.conf" } as const;

/** Makes `<workDir>/root`: that of a slot, or one to be installed on a Linux that has its own kernel. Returns the kernel's release; "" where it has none. */
export async function makeRoot(making: Making, form: keyof typeof resolvers): Promise<string> {
  const { builder, workDir, buildable, recipe, support } = making;
  const root = join(workDir, "root");
  await unpackPackages(builder, "root", making.system);
  if (form === "image" && support?.kernel === undefined) await takeKernel(builder, workDir, buildable.image);
  await prune(root, recipe.prune);
  await makeBuiltinsLazy(root);
  if (form === "image" && support !== undefined) await bringKernel(workDir, buildable.image, support);
  for (const place of mountPoints) await mkdir(join(root, place), { recursive: true });
  // Overlaid, so that a file of ours stands in for the package's.
  await cp(join(recipeDir, "root"), root, { recursive: true, force: true, verbatimSymlinks: true });
  await maskUnits(root, recipe.mask);
  const values = unitValues(buildable.board);
  for (const file of filledIn) await fillIn(join(root, file), values);
  await installBulkhead(root, making, resolvers[form]);
  if (form === "archive") return "";
  const [release = ""] = await readdir(join(root, "usr/lib/modules"));
  await builder.run("depmod", ["--basedir", "/work/root", release]);
  return release;
}

/** What names a bound of a start. */
export const filledIn = [
  "etc/fstab",
  "usr/lib/systemd/system/bulkhead-root-server.service",
  "usr/lib/systemd/system/bulkhead-slot.service",
];

/** What stands for `@name@` in those. */
export function unitValues({ pace }: Pick<Board, "pace">): Readonly<Record<string, string>> {
  const startMinutes = 4 + pace;
  return {
    "init-command": initCommand.join(" "),
    "start-minutes": `${startMinutes}`,
    "slot-minutes": `${startMinutes + 15}`,
    // At its first start `data` is made meanwhile.
    "data-seconds": `${120 * pace}`,
  };
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

async function installBulkhead(root: string, making: Making, resolversFile: string): Promise<void> {
  const { board } = making.buildable;
  const place = join(root, ours);
  await buildPlatform(join(root, platformPlace));
  await buildBoardPrograms(join(root, platformPlace));
  await copyFile(making.node?.file ?? join(root, "usr/bin/node"), join(place, "node"));
  await chmod(join(place, "node"), 0o755);
  const config = {
    ...{ format: 1, instance: "board", board: board.board, dataDir: "/data", platformDir: `/${platformPlace}` },
    ...{ runDir: "/run/bulkhead", nodePath: `/${ours}/node`, uidBase, resolvers: resolversFile },
    trial: { windowMs: 20_000 * board.pace },
  };
  await writeFile(join(place, "root-server.json"), `${JSON.stringify(config, null, 2)}\n`);
}

/** Far above what packages give, and far below what user namespaces are given by habit. */
const uidBase = 20_000;

/** Replaces `@name@` in a file by what it stands for. */
export async function fillIn(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(file, "utf8");
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`@${name}@`, value);
  await writeFile(file, text);
}
