/** An overlay as an operator signs it, with a key at hand. */
import {
  generateSigningKey,
  type KeyPair,
  type Overlay,
  type OverlayName,
  overlayTargetName,
  type Release,
} from "@bulkhead/protocol";
import { developmentRing, signTargets } from "@bulkhead/studio";
import { memorySigner } from "../../studio/src/keys/signer.ts";
import { addSignature, publishRequest } from "../../studio/src/sign/ceremony.ts";
import { prepareOverlays } from "../../studio/src/sign/overlays.ts";

export type NewOverlay = Pick<Overlay, "overlay" | "deployment" | "base" | "values"> & Partial<Overlay>;

/** A key that may sign for the devices of `deployment` from now on. */
export async function delegateOverlays(
  { keysDir, repoDir }: Record<"keysDir" | "repoDir", string>,
  deployment: string,
): Promise<KeyPair> {
  const key = generateSigningKey();
  const delegation = { to: { deployment }, keys: [key.publicKey], threshold: 1 };
  await signTargets(await developmentRing(keysDir), repoDir, { delegation });
  return key;
}

/** Writes it into the repository, for a day and all devices unless it says otherwise. */
export async function signOverlay(
  repoDir: string,
  key: KeyPair,
  overlay: NewOverlay,
  release: Release,
): Promise<OverlayName> {
  const whole = { format: 1 as const, devices: null, expiresMs: Date.now() + 86_400_000, ...overlay };
  const request = await prepareOverlays(repoDir, overlay.deployment, { add: { overlay: whole, release } });
  await publishRequest(await addSignature(request, memorySigner(key)), repoDir);
  const [[digest, document] = []] = [...(request.delegated?.overlays ?? [])];
  if (digest === undefined || document === undefined) throw new Error("no overlay was signed");
  return { target: overlayTargetName(document), digest };
}
