/**
 * A secret that only this device's TPM 2.0 can bring out again. The TPM's own primary key, made from its fixed template,
 * encrypts it; what lies on the disk is of no use to another chip. Programs: tpm2-tools.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";

export const tpmDevice = "/dev/tpmrm0";
/** The programs of tpm2-tools that are run here. */
export const tpmPrograms = [
  "tpm2_createprimary",
  "tpm2_create",
  "tpm2_load",
  "tpm2_unseal",
  "tpm2_flushcontext",
] as const;

/** The slowest chips take seconds for a primary key. */
const timeoutMs = 30_000;

/** How the programs reach the TPM, in their own words (TCTI). */
export type Tcti = string;
export const deviceTcti: Tcti = `device:${tpmDevice}`;

export const tpmSealedSchema = z.strictObject({ public: z.base64url(), private: z.base64url() });
/** Both halves of a sealed TPM object; neither tells the secret. */
export type TpmSealed = z.infer<typeof tpmSealedSchema>;

/** Gives `secret` into the keeping of the TPM. */
export function sealWithTpm(tcti: Tcti, secret: Uint8Array): Promise<TpmSealed> {
  return withPrimary(tcti, async (directory, run) => {
    const [publicFile, privateFile] = [join(directory, "public"), join(directory, "private")];
    const parent = join(directory, "primary");
    // `-i -`: by standard input, because arguments can be read by others.
    await run("tpm2_create", ["-Q", "-C", parent, "-u", publicFile, "-r", privateFile, "-i", "-"], secret);
    return {
      public: (await readFile(publicFile)).toString("base64url"),
      private: (await readFile(privateFile)).toString("base64url"),
    };
  });
}

/** What was sealed. Throws KEY_STORE_DAMAGED where this TPM is not the one that sealed it. */
export function unsealWithTpm(tcti: Tcti, sealed: TpmSealed): Promise<Uint8Array> {
  return withPrimary(tcti, async (directory, run) => {
    const [publicFile, privateFile] = [join(directory, "public"), join(directory, "private")];
    await writeFile(publicFile, Buffer.from(sealed.public, "base64url"), { mode: 0o600 });
    await writeFile(privateFile, Buffer.from(sealed.private, "base64url"), { mode: 0o600 });
    const context = join(directory, "sealed");
    await run("tpm2_load", [
      "-Q",
      "-C",
      join(directory, "primary"),
      "-u",
      publicFile,
      "-r",
      privateFile,
      "-c",
      context,
    ]);
    return run("tpm2_unseal", ["-c", context]);
  });
}

type Run = (program: (typeof tpmPrograms)[number], args: readonly string[], input?: Uint8Array) => Promise<Uint8Array>;

async function withPrimary<T>(tcti: Tcti, use: (directory: string, run: Run) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "tpm-"));
  const run: Run = async (program, args, input) => {
    const output = await runOne(program, args, input);
    // The kernel's resource manager does it by itself; a TPM without one has room for three objects.
    if (program !== "tpm2_unseal") await runOne("tpm2_flushcontext", ["-t"]);
    return output;
  };
  const runOne: Run = async (program, args, input) => {
    const result = await execa(program, ["-T", tcti, ...args], {
      reject: false,
      encoding: "buffer",
      stripFinalNewline: false,
      timeout: timeoutMs,
      ...(input ? { input } : { stdin: "ignore" as const }),
    });
    if (!result.failed) return result.stdout;
    throw new BulkheadError("KEY_STORE_DAMAGED", `the TPM did not do ${program}: ${lastLine(result.stderr)}`, {
      remedy:
        "only the TPM that sealed the device secret can bring it out; a device with another must be enrolled anew",
    });
  };
  try {
    await run("tpm2_createprimary", ["-Q", "-C", "o", "-c", join(directory, "primary")]);
    return await use(directory, run);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function lastLine(bytes: Uint8Array | undefined): string {
  return (
    Buffer.from(bytes ?? [])
      .toString()
      .trim()
      .split("\n")
      .at(-1) || "it could not be started"
  );
}
