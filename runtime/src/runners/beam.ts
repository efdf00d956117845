/** Runner `beam`: compiled Erlang or Elixir on the Erlang VM, which is shown read-only with its libraries. */
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { type Mount, programMounts } from "../sandbox/index.ts";
import { bundleInside, bundleMount, hostedEnvironment, type Runner } from "./execution.ts";
import { findEntry, findRuntime } from "./runtimes.ts";

const erlangInside = "/erlang";
const elixirInside = "/elixir";

/** One scheduler, no busy waiting, few threads: a component has little to do at once, and memory is dear. */
const vmOptions = ["+S", "1:1", "+SDcpu", "1:1", "+SDio", "1", "+A", "1", "+sbwt", "none", "+MIscs", "16"];

export const beamRunner: Runner = async (subject) => {
  const erlang = await findRuntime(subject, "erlang");
  const erts = await findEntry(erlang, "erts-");
  if (erts === undefined) {
    throw new BulkheadError("COMPONENT_START_FAILED", `${erlang} is no Erlang: it has no erts`, {
      remedy: "use Debian's erlang-base",
    });
  }
  const binaries = `${erlangInside}/${erts}/bin`;
  const elixir = await elixirMounts(subject);
  // The VM itself comes with the tree; of the mounts of a program only its libraries are missing.
  const libraries = (await programMounts(join(erlang, erts, "bin/beam.smp"), `${binaries}/beam.smp`)).slice(1);
  const paths = ["-pa", `${bundleInside}/ebin`, ...(elixir.length > 0 ? ["-pa", `${elixirInside}/ebin`] : [])];
  return {
    command: [
      `${binaries}/erlexec`,
      ...vmOptions,
      "-noinput",
      "-boot",
      "start_clean",
      ...paths,
      "-s",
      "bulkhead",
      "run",
    ],
    environment: {
      ...hostedEnvironment,
      // As erlexec makes it where it is not: the environment of the VM is then what we say here, and `verify` can hold it to that.
      PATH: `${binaries}:${erlangInside}/bin:${hostedEnvironment["PATH"]}`,
      ROOTDIR: erlangInside,
      BINDIR: binaries,
      EMU: "beam",
      PROGNAME: "erl",
    },
    mounts: [{ kind: "ro", source: erlang, target: erlangInside }, ...libraries, ...elixir, bundleMount(subject)],
    profile: "beam",
    surroundings: "hosted",
  };
};

/** Elixir's own modules, for a bundle that was written in it. */
async function elixirMounts(subject: Parameters<Runner>[0]): Promise<Mount[]> {
  if ((await findEntry(join(subject.bundle, "ebin"), "Elixir.")) === undefined) return [];
  const elixir = await findRuntime(subject, "elixir");
  return [{ kind: "ro", source: join(elixir, "lib/elixir"), target: elixirInside }];
}
