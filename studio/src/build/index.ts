/** Builds releases and the platform; used by the command line and by the launcher. */
export { buildPlatform } from "./platform.ts";
export { type BuildOptions, type BuiltRelease, buildRelease, ManifestError } from "./release.ts";
