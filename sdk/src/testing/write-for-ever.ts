/** Replaces a stored file by ever new content, to be killed at any moment: argv[2] is the directory. */
import { openStorage } from "../storage.ts";

const storage = openStorage(process.argv[2]);
process.stdout.write(".");
for (let round = 0; ; round++) await storage.writeAtomic("state", `${round}`.repeat(20_000));
