/** How a command finds the running server: by the name that it was started under. */
import { BulkheadError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../locations.ts";
import { isRunning, stateDirectory } from "../run/instance.ts";
import { defaultName, nameOf } from "../run/options.ts";
import { pathsBelow } from "../run/paths.ts";
import { findStudio, type StudioClient } from "./client.ts";

/** The `--name` option of every command that talks to a server. */
export const serverOption = {
  name: { type: "string", description: "Name that the server was started under.", default: defaultName },
} as const;

/** A client for the server of this name. Throws STUDIO_UNREACHABLE where none runs, USAGE where it is no name. */
export async function openStudio(name: string): Promise<StudioClient> {
  const stateDir = stateDirectory(nameOf(name), bulkheadDirectory);
  // Not by the record of the server alone: after a kill its port may be somebody else's, who is not to get the token.
  if (await isRunning(stateDir)) return findStudio(pathsBelow(stateDir).studioRecord);
  throw new BulkheadError("STUDIO_UNREACHABLE", `no management service named ${name} runs from this checkout`, {
    remedy: "start one with `bulkhead run` or `bulkhead kms start`, or give --name as it was given there",
  });
}
