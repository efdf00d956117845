import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bulkheadDirectory } from "../locations.ts";
import { buildableOf, findBuildable, readBoards } from "./board.ts";
import { buildImage } from "./build.ts";
import { tierOf } from "./tiers.ts";

const boards = readBoards();

function boardNamed(name: string) {
  const found = boards.find(({ board }) => board === name);
  if (found === undefined) throw new Error(`no board ${name}`);
  return found;
}

/** What refuses it, as a person reads it; of boards that there are by what was read once. */
function refusal(name: string): unknown {
  const board = boards.find((one) => one.board === name);
  try {
    return board === undefined ? findBuildable(name) : buildableOf(board);
  } catch (error) {
    return error;
  }
}

test("[K18] an image is built for each board whose kernel Debian has, whatever its boot loader", () => {
  const fit = boards.filter(({ board }) => !(refusal(board) instanceof Error)).map(({ board }) => board);
  expect(fit).toEqual([
    "beaglebone-black",
    "imx8mm-evk",
    "imx8mp-evk",
    "nitrogen6-solox",
    "qemu-virt-arm",
    "qemu-virt-arm64",
  ]);
  expect(findBuildable("beaglebone-black.yaml").image.kernel).toBe("linux-image-armmp");
});

describe("no image is built for", () => {
  const unfit = (message: string, remedy: string) =>
    expect.objectContaining({ code: "IMAGE_BOARD_UNFIT", message, remedy });

  test("[K18] a board that there is not; the names that there are are told", () => {
    expect(refusal("toaster")).toEqual(
      unfit("there is no board toaster", expect.stringMatching(/^it can be `beaglebone-black`, /)),
    );
  });

  test("[K18] a board that starts from none", () => {
    expect(refusal("virtual")).toEqual(
      unfit(`${boardNamed("virtual").title} starts from no image`, "bulkhead image ls"),
    );
  });

  test("[K18] a board whose kernel comes from its maker", () => {
    const { title } = boardNamed("portenta-x8");
    expect(refusal("portenta-x8")).toEqual(
      unfit(`Debian has no kernel for ${title}`, expect.stringContaining("come from its maker")),
    );
  });

  test("[K18] a processor that is no Arm", () => {
    const board = { ...boardNamed("qemu-virt-arm64"), architecture: "x64" as const };
    expect(() => buildableOf(board)).toThrow(unfit("images are for Arm boards, not x64", "bulkhead image ls"));
  });
});

test("[K18] a board that does not fit is refused before anything is made", async () => {
  const options = { board: "virtual", manifest: "none", outDir: "/proc/none", onStep: () => undefined };
  await expect(buildImage(options)).rejects.toMatchObject({ code: "IMAGE_BOARD_UNFIT" });
});

test("[K18] a manifest for another board is refused before packages are asked for", async () => {
  const manifest = join(bulkheadDirectory, "manifests/beacon/manifest.yaml");
  const steps: string[] = [];
  const board = buildableOf(boardNamed("beaglebone-black"));
  const outDir = mkdtempSync(join(tmpdir(), "bulkhead-image-"));
  onTestFinished(() => rmSync(outDir, { recursive: true }));
  const making = buildImage({ board, manifest, outDir, onStep: (step) => steps.push(step) });
  await expect(making).rejects.toMatchObject({
    code: "IMAGE_BOARD_UNFIT",
    message: "the manifest is for board qemu-virt-arm64, the image for beaglebone-black",
    remedy: "give a manifest whose `board:` is the image's",
  });
  expect(steps).toEqual([]);
  expect(readdirSync(outDir)).toEqual([]);
});

test("[K18] what is said of a board promises no more than is built for it", () => {
  const said = Object.fromEntries(boards.map((board) => [board.board, tierOf(board)]));
  expect(said["virtual"]).toEqual({ tier: "none", detail: "starts from no image" });
  expect(said["beaglebone-black"]).toEqual({ tier: "built", detail: "whole: linux-image-armmp, with u-boot-omap" });
  expect(said["imx8mm-evk"]).toEqual({
    tier: "boot-loader",
    detail: "linux-image-arm64; its boot loader has to be on it, or be brought",
  });
  expect(said["portenta-x8"]?.detail).toBe(
    "with its maker's kernel and device tree (--bsp), or for its maker's Linux (image archive)",
  );
});

test("[K18] a board whose kernel comes from its maker is fit once that is brought; a package without one is refused before anything is built", async () => {
  expect(findBuildable("portenta-x8", { kernel: true }).image.kernel).toBeUndefined();
  const { image, ...rest } = boardNamed("qemu-virt-arm64");
  if (image === undefined) throw new Error("no image");
  const board = buildableOf({ ...rest, image: { ...image, kernel: undefined } }, { kernel: true });
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-image-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [bsp, outDir] = [join(directory, "bsp"), join(directory, "out")];
  mkdirSync(bsp);
  writeFileSync(join(bsp, "boot-loader"), "loader");
  const manifest = join(bulkheadDirectory, "manifests/beacon/manifest.yaml");
  const steps: string[] = [];
  const making = buildImage({ board, manifest, bsp, outDir, onStep: (step) => steps.push(step) });
  await expect(making).rejects.toMatchObject({
    code: "IMAGE_SUPPORT_INVALID",
    message: expect.stringContaining("has no kernel"),
  });
  expect([steps, readdirSync(outDir)]).toEqual([[], []]);
});
