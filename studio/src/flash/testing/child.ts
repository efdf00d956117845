/** Flashes a card in a process of its own, for a test to kill: `child.ts <image> <target>`. */
import { flash } from "../flash.ts";
import { openImage } from "../image.ts";
import { inspectTarget } from "../target.ts";

const [file = "", to = ""] = process.argv.slice(2);
const [image, target] = [await openImage(file), await inspectTarget(to)];
await flash({
  image,
  target,
  identity: undefined,
  onProgress: (step, done) => process.stdout.write(`${step} ${done}\n`),
});
