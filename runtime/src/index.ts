/** The public face of the runtime: what the studio needs to build for a device, to flash one and to start one. */

export { openAge, openRelease, type Unwrap, unseal, unsealWhole, unwrapFileKey } from "./age/index.ts";
export { packFactory } from "./board/factory.ts";
export {
  decodeRecord,
  encodeRecord,
  newerOf,
  nextTurn,
  recordBytes,
  type SlotName,
  type SlotRecord,
} from "./board/slots/record.ts";
export { exitToRestart, type RootServerConfig, rootServerConfigSchema } from "./device/config.ts";
export { initCommand } from "./device/init-command.ts";
export {
  firstUidNumbers,
  installFactoryRelease,
  packTree,
  type TreeIdentity,
  treeDigest,
  unpackTree,
} from "./generations/index.ts";
export { childrenOf, detectHost, type HostCapabilities, removeCgroups, untilEnded } from "./sandbox/index.ts";
