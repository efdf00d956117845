/** The station in Erlang as `bulkhead build` makes it, on this machine's Erlang (Debian's erlang-base, which `npm test` installs). */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBeam } from "../../studio/src/build/beam/index.ts";
import { describeInterfaces } from "../../studio/src/build/interfaces/describe.ts";

const polyglot = join(import.meta.dirname, "../../manifests/polyglot");

/** Builds it, or the program in `source`, into a directory of its own; returns the command. */
export async function buildErlangStation(
  source = join(polyglot, "erlang"),
): Promise<{ command: string[]; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-erlang-station-"));
  await buildBeam(source, join(directory, "tree"), await describeInterfaces(polyglot));
  const options = ["+S", "1:1", "+sbwt", "none", "-noinput", "-boot", "start_clean"];
  return { command: ["erl", ...options, "-pa", join(directory, "tree/ebin"), "-s", "bulkhead", "run"], directory };
}
