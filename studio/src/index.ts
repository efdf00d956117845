/** The public face of the studio: what other programs (and tests) may use of it. */
export { type BuildOptions, type BuiltRelease, buildPlatform, buildRelease, ManifestError } from "./build/index.ts";
export { loadManifest } from "./check/load.ts";
export { initKeys, type PublicKeys } from "./keys/index.ts";
export { initRepository, type OnlineKeys, rotateRoot, type SignedRelease, signRelease } from "./sign/index.ts";
