/** The card of an emulated board, while the board is off: a file that `bulkhead flash` writes, with identity and enrolment, and what a bench does to it. */
import { mkdir, open, readFile, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { encodeRecord, recordBytes, type SlotRecord } from "@bulkhead/runtime";
import { type Builder, openBuilder } from "../../../studio/src/image/builder.ts";
import { partition } from "../../../studio/src/image/disk/layout.ts";
import { readRecipe } from "../../../studio/src/image/packages/recipe.ts";
import { recipeDir } from "../../../studio/src/image/places.ts";
import { runFlash } from "../flash/run-flash.ts";
import { putRecord } from "./loader/records.ts";

export type Card = {
  /** What slot a's boot partition holds: `kernel`, `archive`, `slot.env`. */
  readonly slotDir: string;
  /** Adds words to the kernel's command line of slot a. */
  addWords(words: string): Promise<void>;
  /** Puts `device-tree` into `slotDir`, where the slot has one. */
  takeDeviceTree(): Promise<void>;
  /** Gives slot b what boots slot a; its root stays as empty as it was. */
  copyBoot(): Promise<void>;
  setRecord(record: SlotRecord): Promise<void>;
};

export type CardOptions = {
  readonly file: string;
  readonly sizeBytes: number;
  readonly image: string;
  /** The Studio Server that the board is enrolled with, by its name, and what that is to call the board. */
  readonly server: string;
  readonly device: string;
};

const bootA = (file: string) => `${basename(file)}@@${partition("boot-a").startBytes}`;

/** Makes `file`, alone in its folder but for what is made of it here. Throws STATION_FAILED. */
export async function flashCard({ file, sizeBytes, image, server, device }: CardOptions): Promise<Card> {
  await writeFile(file, "");
  await truncate(file, sizeBytes);
  await runFlash([image, "--to", file, "--enrol", device, "--name", server]);
  // The image builder's, which see the card's folder as theirs: this machine may have no tools for FAT.
  const tools = await openBuilder(await readRecipe(), dirname(file), recipeDir, 0);
  const slotDir = join(dirname(file), "slot");
  await mkdir(slotDir);
  for (const name of ["kernel", "archive", "slot.env"]) await copyOut(tools, file, name);
  return {
    slotDir,
    async addWords(words) {
      const text = (await readFile(join(slotDir, "slot.env"), "utf8")).trim();
      await writeFile(join(slotDir, "slot.env"), `${text} ${words}\n`);
      await tools.run("mcopy", ["-o", "-i", bootA(file), "slot/slot.env", "::/slot.env"]);
    },
    takeDeviceTree: () => copyOut(tools, file, "device-tree"),
    async copyBoot() {
      const [from, to] = [partition("boot-a"), partition("boot-b")];
      const disk = await open(file, "r+");
      try {
        const { buffer } = await disk.read(Buffer.alloc(from.sizeBytes), 0, from.sizeBytes, from.startBytes);
        await disk.write(buffer, 0, to.sizeBytes, to.startBytes);
      } finally {
        await disk.close();
      }
    },
    async setRecord(record) {
      await putRecord(file, 0, encodeRecord(record));
      await putRecord(file, 1, Buffer.alloc(recordBytes));
    },
  };
}

async function copyOut(tools: Builder, file: string, name: string): Promise<void> {
  await tools.run("mcopy", ["-n", "-i", bootA(file), `::/${name}`, `slot/${name}`]);
}
