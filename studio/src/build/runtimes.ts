/** What the runners of a system need besides Node, linked into the installed runtime of a device on this host. */
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type System } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../locations.ts";
import { virtualMachine, vmRemedy } from "./vm/place.ts";

type Runtime = { readonly name: string; find(): Promise<string | undefined>; readonly remedy: string };

const erlang: Runtime = {
  name: "erlang",
  find: async () => there("/usr/lib/erlang"),
  remedy: "apt-get install erlang-base",
};

/** Linked where it is there: only components that are written in it miss it, and they say so. */
const elixir: Runtime = { name: "elixir", find: async () => there("/usr/lib/elixir"), remedy: "" };

const bun: Runtime = {
  name: "bun",
  async find() {
    const cache = join(bulkheadDirectory, ".cache/runtimes");
    const names = await readdir(cache).catch((): string[] => []);
    return names
      .filter((name) => /^bun-[\d.]+$/.test(name))
      .map((name) => join(cache, name))
      .at(-1);
  },
  remedy: "node scripts/setup/bun.mjs (50 MB), in the checkout of Bulkhead",
};

const qemu: Runtime = {
  name: "qemu",
  async find() {
    const place = virtualMachine();
    return place === undefined ? undefined : join(place, "qemu");
  },
  remedy: vmRemedy,
};

const needs = { bun: [bun], beam: [erlang, elixir], vm: [qemu] } as const;

/** Links the runtimes that `system` needs as `runtimes/<name>` of `platformDir`. Throws MISSING_PROGRAM. */
export async function installRuntimes(system: System, platformDir: string): Promise<void> {
  const runners = new Set(Object.values(system.components).map(({ runner }) => runner));
  const directory = join(platformDir, "runtimes");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const runner of ["bun", "beam", "vm"] as const) {
    if (!runners.has(runner)) continue;
    for (const runtime of needs[runner]) await link(runtime, directory);
  }
}

async function link({ name, find, remedy }: Runtime, directory: string): Promise<void> {
  const place = await find();
  if (place !== undefined) await symlink(place, join(directory, name));
  else if (remedy !== "") throw new BulkheadError("MISSING_PROGRAM", `${name} is not on this machine`, { remedy });
}

function there(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
