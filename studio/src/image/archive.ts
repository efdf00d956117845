/**
 * Builds an archive for the Linux that a board has from its maker: a root of our own with the runtime and a release in it, units of systemd that
 * start it there, the program that installs both, and the one by which root brings a file or looks inside. Components are updated as on an image;
 * there are no slots.
 */
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFactory } from "./factory.ts";
import { type Made, type MakingOptions, makeFiles } from "./making.ts";
import { recipeDir } from "./places.ts";
import { fillIn, makeRoot, unitValues } from "./root/tree.ts";

/** As the unit of its first start has it. There are no slots: nothing of this root gets into a release. */
const factoryPlace = "usr/lib/bulkhead/factory";
const units = ["bulkhead-first-start.service", "bulkhead-root-server.service"];

/** Makes `<board>.tar.xz` and its papers. Throws what `makeFiles` throws. */
export function buildArchive(options: Omit<MakingOptions, "bsp">): Promise<Made> {
  return makeFiles(options, false, async (making, releaseDir) => {
    const { builder, workDir, dateS, onStep, buildable } = making;
    onStep("root file system");
    await makeRoot(making, "archive");
    await writeFactory(releaseDir, join(workDir, "root", factoryPlace));
    // systemd mounts the board's own over it.
    await writeFile(join(workDir, "root/etc/resolv.conf"), "");
    const place = join(workDir, "bulkhead");
    await mkdir(join(place, "units"), { recursive: true });
    for (const program of ["install", "operator"]) {
      await copyFile(join(recipeDir, "archive", program), join(place, program));
      await chmod(join(place, program), 0o755);
    }
    for (const unit of units) {
      await copyFile(join(recipeDir, "archive", unit), join(place, "units", unit));
      await fillIn(join(place, "units", unit), unitValues(buildable.board));
    }
    onStep("archive");
    const name = `${buildable.board.board}.tar`;
    const owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name", `--mtime=@${dateS}`];
    // Its root stays where it is, for the papers; it is packed as if it were in the folder.
    const names = ["--transform", "s,^root,bulkhead/root,S", "bulkhead", "root"];
    await builder.run("tar", ["--create", "--format=gnu", ...owner, "--file", name, ...names]);
    await builder.run("xz", ["-1", "--threads=1", name]);
    return [`${name}.xz`];
  });
}
