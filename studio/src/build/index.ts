/** Builds releases and the platform; used by the command line and by the launcher. */
export { ManifestError } from "./manifest-error.ts";
export { buildBoardPrograms, buildPlatform } from "./platform.ts";
export { buildProject, type ProjectBuild } from "./project-build.ts";
export { type BuildOptions, type BuiltRelease, buildRelease } from "./release.ts";
export { installRuntimes } from "./runtimes.ts";
