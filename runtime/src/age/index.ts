/** Reading what is encrypted in the format of age; what writes it is the studio's (`studio/src/seal`). */
export { forOthers, isForOthers } from "./for-others.ts";
export type { Stanza } from "./header.ts";
export { openAge, type Unwrap } from "./open.ts";
export { type OpenedRelease, openRelease, type SignedEnvelope } from "./release.ts";
export { unseal, unsealWhole } from "./unseal.ts";
export { firstFileKey, unwrapFileKey } from "./x25519.ts";
