/** A package as a lock file has it: one line, so that a change of a lock is read as a list of packages. */
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";

const lockedSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().regex(/^[A-Za-z0-9.+:~-]+$/),
  architecture: z.enum(["all", "amd64", "arm64", "armhf"]),
  sizeBytes: z.coerce.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type LockedPackage = z.infer<typeof lockedSchema>;

/** `<name> <version> <architecture> <bytes> <SHA-256>`. Throws IMAGE_LOCK_INVALID; `file`: where the line stands. */
export function parseLocked(line: string, file: string): LockedPackage {
  const [name, version, architecture, sizeBytes, sha256, ...rest] = line.split(" ");
  const parsed = lockedSchema.safeParse({ name, version, architecture, sizeBytes, sha256 });
  if (parsed.success && rest.length === 0) return parsed.data;
  throw new BulkheadError("IMAGE_LOCK_INVALID", `${file}: this line locks no package: ${line}`, {
    remedy: "make it anew: bulkhead image lock",
  });
}

export function formatLocked({ name, version, architecture, sizeBytes, sha256 }: LockedPackage): string {
  return `${name} ${version} ${architecture} ${sizeBytes} ${sha256}`;
}

/** A line of `apt-get install --print-uris`: 'uri' name_version_architecture.deb bytes SHA256:digest. Its place is not kept. */
export function parseOffer(line: string): LockedPackage {
  const [, file = "", sizeBytes, digest = ""] = line.split(" ");
  const [name, version = "", rest = ""] = file.split("_");
  const sha256 = digest.replace(/^SHA256:/, "");
  const architecture = rest.replace(/\.deb$/, "");
  return lockedSchema.parse({ name, version: decodeURIComponent(version), architecture, sizeBytes, sha256 });
}
