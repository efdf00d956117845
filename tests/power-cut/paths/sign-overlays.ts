/** Overlays as an operator signs them, for the paths of the verifier. */
import { generateSigningKey, type OverlayName, overlayTargetName } from "@bulkhead/protocol";
import { developmentRing, signTargets } from "@bulkhead/studio";
import { memorySigner } from "../../../studio/src/keys/signer.ts";
import { addSignature, publishRequest } from "../../../studio/src/sign/ceremony.ts";
import { prepareOverlays } from "../../../studio/src/sign/overlays.ts";
import { type BuiltForTest, type Project, signOnline } from "../../releases/project.ts";

/** Two overlays of the deployment that test devices are in, the second newer, in the metadata as version 5. */
export async function signOverlays(project: Project, built: BuiltForTest): Promise<[OverlayName, OverlayName]> {
  const key = generateSigningKey();
  const delegation = { to: { deployment: "field" }, keys: [key.publicKey], threshold: 1 };
  await signTargets(await developmentRing(project.keysDir), project.repoDir, { delegation });
  const sign = async (name: string, level: number): Promise<OverlayName> => {
    const overlay = {
      ...{ format: 1 as const, overlay: name, deployment: "field", base: built.digest, devices: null },
      ...{ expiresMs: Date.now() + 86_400_000, values: { "one.config.level": level } },
    };
    const request = await prepareOverlays(project.repoDir, "field", { add: { overlay, release: built.release } });
    await publishRequest(await addSignature(request, memorySigner(key)), project.repoDir);
    const [[digest, document] = []] = [...(request.delegated?.overlays ?? [])];
    if (digest === undefined || document === undefined) throw new Error("no overlay was signed");
    return { target: overlayTargetName(document), digest };
  };
  const overlays: [OverlayName, OverlayName] = [await sign("warmer", 7), await sign("colder", 3)];
  await signOnline(project.repoDir, project.online, { version: 5 });
  return overlays;
}
