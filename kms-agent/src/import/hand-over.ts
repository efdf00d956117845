/** What who brings a file says before its first byte: which release is meant, if any. It comes with the file, so it is of no other visit. */
import {
  BulkheadError,
  type ImportHandOver,
  importHandOverSchema,
  maxImportLineBytes,
  parseJson,
} from "@bulkhead/protocol";

/** Throws EXPORT_INVALID where no such line comes first, and what reading throws. */
export async function takeHandOver(
  pieces: AsyncGenerator<Buffer>,
): Promise<{ readonly digest: ImportHandOver["digest"]; readonly file: AsyncGenerator<Buffer> }> {
  let head = Buffer.alloc(0);
  for (let end = -1; end < 0; ) {
    const next = await pieces.next();
    if (next.done || head.length > maxImportLineBytes) throw noHandOver();
    head = Buffer.concat([head, next.value]);
    end = head.indexOf("\n");
  }
  const end = head.indexOf("\n");
  const said = importHandOverSchema.safeParse(parseJson(head.toString("utf8", 0, end)));
  if (!said.success) throw noHandOver();
  async function* file(): AsyncGenerator<Buffer> {
    yield head.subarray(end + 1);
    yield* pieces;
  }
  return { digest: said.data.digest, file: file() };
}

function noHandOver(): BulkheadError {
  return new BulkheadError("EXPORT_INVALID", "who brings the file does not say which release is meant", {
    remedy: "bring it again; where that does not help, restart the device, whose parts are of different versions",
  });
}
