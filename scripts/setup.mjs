/**
 * Brings this machine to where Bulkhead runs: the right Node, the locked npm packages, the system programs, and the
 * kernel features that sandboxes need. Plain JavaScript without packages, because it runs before any is installed.
 */
import { pathToFileURL } from "node:url";
import { installBun } from "./setup/bun.mjs";
import { checkNamespaces } from "./setup/namespaces.mjs";
import { checkNode } from "./setup/node-version.mjs";
import { installPackages } from "./setup/packages.mjs";
import { installPrograms } from "./setup/programs.mjs";
import { Unready } from "./setup/unready.mjs";
import { installVirtualMachine } from "./setup/vm.mjs";
import { buildWeb } from "./setup/web.mjs";

/**
 * Does what is missing, saying each step before it is done; does nothing and says nothing where all is in place.
 * Ends the process with one sentence and exit code 1 where the machine cannot be made ready.
 *
 * @param {{ programs: "run" | "test" }} options `test` also asks for the programs that only tests need.
 */
export async function setUp({ programs }) {
  try {
    checkNode(process.versions.node);
    await installPackages();
    await installPrograms(programs);
    if (process.env["BULKHEAD_BUN"] === "required" && !(await installBun()))
      throw new Unready("Bun could not be fetched.");
    if (process.env["BULKHEAD_VM"] === "required" && !(await installVirtualMachine()))
      throw new Unready("QEMU and a guest's kernel could not be fetched.");
    await checkNamespaces();
    await buildWeb();
  } catch (error) {
    if (!(error instanceof Unready)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await setUp({ programs: process.argv.includes("--test") ? "test" : "run" });
}
