/** Console lines as they come. */
import type { StoredLogLine } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";

export type LogWish = { component?: string; limit: number };

const lookEveryMs = 300;
/** A service that is started again is waited for this long. */
const patienceMs = 20_000;

/** The newest `limit` lines, oldest first, then every new line once; ends with the error that ends it. */
export async function* followLogs(
  client: Pick<StudioClient, "logs">,
  deviceId: string,
  { component, limit }: LogWish,
): AsyncGenerator<StoredLogLine[], never> {
  const of = component === undefined ? {} : { component };
  let after = 0;
  let heardAtMs = performance.now();
  for (let first = true; ; ) {
    try {
      const { lines } = await client.logs(deviceId, first ? { ...of, limit } : { ...of, after });
      first = false;
      heardAtMs = performance.now();
      after = lines.at(-1)?.id ?? after;
      if (lines.length > 0) yield lines;
    } catch (error) {
      const isAway = error instanceof BulkheadError && error.code === "STUDIO_UNREACHABLE";
      if (!isAway || performance.now() - heardAtMs > patienceMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
