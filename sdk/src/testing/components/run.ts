/** The entry of a component's process in specs: `run.ts <house|visitor> <uses directory> <provides directory> [<trace directory>]`. */
import { runComponent } from "../../run-component.ts";
import { house, visitor } from "./lamp.ts";

const [name, uses = "", provides = "", trace = ""] = process.argv.slice(2);
await runComponent(name === "house" ? house : visitor, { directories: { uses, provides, trace } });
