/** The offline half of a project's TUF repository: root and targets. The management service signs the rest. */

export { readRelease, type SignedRelease, type SignOptions, signRelease } from "./release.ts";
export { initRepository, type OnlineKeys, rotateRoot, type SignedRoot } from "./root.ts";
