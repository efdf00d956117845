import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadManifest } from "../../../studio/src/check/load.ts";
import { readBoards } from "../../../studio/src/image/board.ts";
import { machines } from "./machines.ts";
import { readPaced } from "./paced.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-paced-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("[K19] an emulated station's board is the checkout's with another pace, and the one that its releases are built for", async () => {
  const [name, { pace }] = ["imx8mm-evk", machines["imx8mm-evk"]] as const;
  const paced = await readPaced(name, pace);
  const real = readBoards().find(({ board }) => board === name);
  expect(real?.pace).not.toBe(pace);
  expect(paced.buildable.board).toEqual({ ...real, pace });
  const manifest = join(directory, "manifest.yaml");
  await writeFile(manifest, stringify({ system: "nothing", version: "1.0.0", board: name, components: {} }));
  await paced.writeBeside(manifest);
  const { compiled } = loadManifest(manifest);
  expect(compiled).toMatchObject({ board: { board: name, pace } });
});

test("[K19] a machine that says no pace leaves the board as it is", async () => {
  const real = readBoards().find(({ board }) => board === "qemu-virt-arm64");
  expect((await readPaced("qemu-virt-arm64", undefined)).buildable.board).toEqual(real);
});
