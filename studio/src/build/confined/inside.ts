/** The program inside the sandbox: builds what it is asked to on its standard input, and answers on its standard output. */
import { text } from "node:stream/consumers";
import { reportError } from "@bulkhead/protocol";
import { ManifestError } from "../manifest-error.ts";
import { buildRelease } from "../release.ts";
import { orderSchema } from "./exchange.ts";

// What it writes is to be readable by all that run it, whoever built it.
process.umask(0o022);

async function answer(): Promise<object> {
  try {
    const { addOns, ...options } = orderSchema.parse(JSON.parse(await text(process.stdin)));
    const { contents } = await buildRelease(options, new Map(Object.entries(addOns)));
    return { contents };
  } catch (error) {
    return { errors: error instanceof ManifestError ? error.errors : [reportError(error, "BUILD_FAILED")] };
  }
}

process.stdout.write(JSON.stringify(await answer()));
