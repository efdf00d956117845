/** Makes the image argv[2] of argv[3] bytes, removes it, makes it again: to be killed at any moment. Not part of the runtime. */
import { rm } from "node:fs/promises";
import { ensureImage } from "../image.ts";

const [, , path = "", quotaBytes = ""] = process.argv;
for (;;) {
  process.stdout.write(".");
  await ensureImage(path, Number(quotaBytes));
  await rm(path);
}
