/** The offline half of a project's TUF repository: root and targets. The management service signs the rest. */

export { initRepository, rotateRoot, type SignedRelease, signRelease, signTargets } from "./at-once.ts";
export { readRelease } from "./release-file.ts";
export type { OnlineKeys } from "./root.ts";
