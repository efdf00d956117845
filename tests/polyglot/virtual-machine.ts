/** QEMU and a guest's kernel, where scripts/setup/vm.mjs has fetched them: `npm test` does not. */
import { virtualMachine } from "../../studio/src/build/vm/place.ts";

/** Whether they are there; throws where they are required and missing, so that no green run hides it. */
export function hasVirtualMachine(): boolean {
  const isThere = virtualMachine() !== undefined;
  if (!isThere && process.env["BULKHEAD_VM"] === "required") throw new Error("BULKHEAD_VM=required, but there is none");
  return isThere;
}
