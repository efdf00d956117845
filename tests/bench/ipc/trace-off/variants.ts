/** The code of a channel as it is, and the same with every trace point taken out of its source before it is bundled. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateFrom } from "../../../../studio/src/build/bundle.ts";

const entry = join(import.meta.dirname, "pair.ts");
/** A statement of one line: `if (traceSink …) traceSink.…;` */
const tracePoint = /^ *if \(traceSink\b.*;\n/gm;
/** Two at each beginning, three at each end of a call (sdk/src/channel/calls.ts, provider-calls.ts). */
const expectedPoints = 6;

/** Files: the same twice, for what two equal builds differ by, and one without. */
export type Codes = Readonly<Record<"points" | "again" | "none", string>>;

export async function writeVariants(directory: string): Promise<Codes> {
  let removed = 0;
  const without = {
    name: "without-trace-points",
    transform: {
      filter: { id: /sdk\/src\/channel\/.*\.ts$/ },
      handler(code: string) {
        removed += code.match(tracePoint)?.length ?? 0;
        return code.replace(tracePoint, "");
      },
    },
  };
  const code = await generateFrom(entry, [], entry);
  const none = await generateFrom(entry, [without], entry);
  const left = none.match(/if \(traceSink/g)?.length ?? 0;
  if (removed !== expectedPoints || left > 0) {
    throw new Error(`${removed} trace points were taken out and ${left} are left, of ${expectedPoints}`);
  }
  return {
    points: await write(directory, "points", code),
    again: await write(directory, "again", code),
    none: await write(directory, "none", none),
  };
}

async function write(directory: string, name: string, code: string): Promise<string> {
  const place = join(directory, name);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "package.json"), '{"type":"module"}\n');
  await writeFile(join(place, "main.js"), code);
  return join(place, "main.js");
}
