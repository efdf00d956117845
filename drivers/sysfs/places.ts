/** Where a sandbox shows the devices of its driver, by the board's names. */
import { join } from "node:path";
import { devicesDirectory } from "@bulkhead/protocol";

/** The directory of attributes of the device `name`. */
export const attributesOf = (name: string): string => join(devicesDirectory, name);

/** The node of the device `name`. */
export const nodeOf = (name: string): string => join("/dev", name);
