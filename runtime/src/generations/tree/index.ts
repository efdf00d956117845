/** Trees of files and their one archive form; the same code builds, verifies and installs artifacts. */
export { packTree, type TreeIdentity, treeDigest } from "./pack.ts";
export { unpackTree } from "./unpack.ts";
