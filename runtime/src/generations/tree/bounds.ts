/** How much a tree may be. */
import { maxBlobBytes } from "@bulkhead/protocol";

export const maxTreeBytes: number = maxBlobBytes;
export const maxTreeFiles = 20_000;
