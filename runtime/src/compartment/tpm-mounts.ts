/** What the key store sees of a board's TPM 2.0: the device, the four programs that it runs, and how they reach it. */
import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Device, showDevice } from "../device/index.ts";
import { tpmDevice, tpmPrograms } from "../key-store/tpm.ts";
import { type Mount, mergeMounts, programMounts } from "../sandbox/index.ts";
import { findProgram } from "../sandbox/programs.ts";

/** Loaded at run time, so that ldd(1) does not list it. */
const tctiLibrary = "libtss2-tcti-device.so.0";

/** Nothing where the board has no TPM, or where the device is only one of many on a host whose TPM is not its own. */
export async function tpmMounts({ config, paths }: Device, uid: number | null): Promise<Mount[]> {
  const isThere = await access(tpmDevice).then(
    () => true,
    () => false,
  );
  if (config.board === "virtual" || !isThere) return [];
  const programs = await Promise.all(
    tpmPrograms.map(async (name) => programMounts(await findProgram(name, "tpm2-tools"), `/usr/bin/${name}`)),
  );
  const mounts = mergeMounts(...programs);
  const library = mounts.find(({ target }) => /libtss2-tctildr/.test(target));
  return mergeMounts(
    mounts,
    library
      ? await programMounts(join(dirname(library.target), tctiLibrary), join(dirname(library.target), tctiLibrary))
      : [],
    [{ kind: "dev", source: await showDevice(paths, tpmDevice, uid), target: tpmDevice }],
  );
}
