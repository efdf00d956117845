/** The entry of a recorded component's process in specs: `run-recorded.ts <module> <directory of its channels> <record> <bytes>`. */
import { runComponent } from "../../run-component.ts";

const [module = "", directory = "", file = "", maxBytes = ""] = process.argv.slice(2);
const { component, busy } = await import(module);
const directories = { uses: directory, provides: directory, trace: directory };
await runComponent(component ?? busy, { directories, record: { file, maxBytes: Number(maxBytes) } });
