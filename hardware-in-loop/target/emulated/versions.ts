/** What a report says of an emulated board, from the bill of materials that lies beside its image. */
import { readFile } from "node:fs/promises";
import { z } from "zod";

const billSchema = z.object({ components: z.array(z.object({ name: z.string(), version: z.string().optional() })) });

/** By what they are of; the kernel's package has its release in its name. */
const packages: Readonly<Record<string, RegExp>> = {
  kernel: /^linux-image-\d/,
  node: /^(?:nodejs|node-linux-\w+)$/,
  systemd: /^systemd$/,
};

/** `image`: the file whose bill is `<name>.cdx.json` beside it. */
export async function versionsIn(image: string): Promise<Record<string, string>> {
  const bill = billSchema.parse(JSON.parse(await readFile(image.replace(/\.img$/, ".cdx.json"), "utf8")));
  const found = Object.entries(packages).flatMap(([what, pattern]) => {
    const part = bill.components.find(({ name }) => pattern.test(name));
    return part === undefined ? [] : [[what, `${part.name} ${part.version ?? ""}`.trim()] as const];
  });
  return Object.fromEntries(found);
}
