/** In the place of a root server: the desk that it has, where nobody takes a file in. Says `open` when it hears. */
import { BulkheadError } from "@bulkhead/protocol";
import { readConfig } from "../../runtime/src/device/config.ts";
import { openDesk } from "../../runtime/src/operator/index.ts";

const { runDir } = await readConfig(process.argv.slice(2));
await openDesk(`${runDir}/operator`, ({ kind }) => {
  throw new BulkheadError("CONFLICT", `nobody is there for ${kind}`);
});
process.stdout.write("open\n");
