/** How much a tree may be. */

/** As the artifact schema of a release. */
export const maxTreeBytes = 512 * 1024 * 1024;
export const maxTreeFiles = 20_000;
