/** A package as a lock file has it: one line, so that a change of a lock is read as a list of packages. */
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";

const lockedSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().regex(/^[A-Za-z0-9.+:~-]+$/),
  architecture: z.enum(["all", "amd64", "arm64", "armhf"]),
  sizeBytes: z.coerce.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where an archive keeps it, below the address of the archive: what its lists no longer name is there for a while. */
  path: z.string().regex(/^pool(\/(?!\.)[A-Za-z0-9.+:~_-]+)+\.deb$/),
});
export type LockedPackage = z.infer<typeof lockedSchema>;

/** `<name> <version> <architecture> <bytes> <SHA-256> <path>`. Throws IMAGE_LOCK_INVALID; `file`: where the line stands. */
export function parseLocked(line: string, file: string): LockedPackage {
  const [name, version, architecture, sizeBytes, sha256, path, ...rest] = line.split(" ");
  const parsed = lockedSchema.safeParse({ name, version, architecture, sizeBytes, sha256, path });
  if (parsed.success && rest.length === 0) return parsed.data;
  throw new BulkheadError("IMAGE_LOCK_INVALID", `${file}: this line locks no package: ${line}`, {
    remedy: "make it anew: bulkhead image lock",
  });
}

export function formatLocked({ name, version, architecture, sizeBytes, sha256, path }: LockedPackage): string {
  return `${name} ${version} ${architecture} ${sizeBytes} ${sha256} ${path}`;
}

/** A line of `apt-get install --print-uris`: 'uri' name_version_architecture.deb bytes SHA256:digest. Of the address the archive's own is not kept. */
export function parseOffer(line: string): LockedPackage {
  const [uri = "", file = "", sizeBytes, digest = ""] = line.split(" ");
  const [name, version = "", rest = ""] = file.split("_");
  const sha256 = digest.replace(/^SHA256:/, "");
  const architecture = rest.replace(/\.deb$/, "");
  const path = /\/(pool\/[^']+)'$/.exec(uri)?.[1];
  return lockedSchema.parse({
    ...{ name, version: decodeURIComponent(version), architecture, sizeBytes, sha256 },
    path: path && decodeURIComponent(path),
  });
}
