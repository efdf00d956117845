/** The public face of the studio: what other programs (and tests) may use of it. */
export { type BuildOptions, type BuiltRelease, buildPlatform, buildRelease, ManifestError } from "./build/index.ts";
export { loadManifest } from "./check/load.ts";
export { developmentRing, initKeys } from "./keys/index.ts";
export { initRepository, type OnlineKeys, rotateRoot, signRelease, signTargets } from "./sign/index.ts";
