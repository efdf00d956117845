/** Reads the session token, which lies where the management service, who may have been taken over, can write. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";

/**
 * The token in `file`. A link is not followed and other content is not taken: the token is sent to the service, and root's
 * files are not for it to read. Throws STATE_DAMAGED, or what the system says where there is no such file.
 */
export async function readSessionToken(file: string): Promise<string> {
  // O_NONBLOCK: opening a FIFO would wait for a writer.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64));
    const token = buffer.toString("latin1", 0, bytesRead).trim();
    if (/^[A-Za-z0-9_-]{43}$/.test(token)) return token;
  } finally {
    await handle.close();
  }
  throw new BulkheadError("STATE_DAMAGED", `${file} does not hold a session token`, {
    remedy: "delete the file; the next start makes a new token",
  });
}
