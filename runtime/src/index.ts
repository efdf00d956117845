/** The public face of the runtime: what the studio needs to build for a device and to start one. */
export { packTree, type TreeIdentity, treeDigest, unpackTree } from "./generations/index.ts";
