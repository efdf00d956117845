/** Where the programs are that a sandbox is made with: bwrap, setpriv, nsenter. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

const directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/** All that these programs get of our environment: a component can read it, in /proc/1/environ. */
export const programEnvironment = { PATH: directories.join(":"), LC_ALL: "C" } as const;

/** The path of a program. Throws MISSING_PROGRAM. */
export async function findProgram(name: string, packageName: string): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  throw new BulkheadError("MISSING_PROGRAM", `the program ${name} is not installed`, {
    remedy: `apt-get install ${packageName}`,
  });
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
