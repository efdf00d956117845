/** Overlays as an operator signs them, for the paths of the verifier. */
import { generateSigningKey, type OverlayName } from "@bulkhead/protocol";
import { developmentRing, signTargets } from "@bulkhead/studio";
import { type BuiltForTest, type Project, signOnline } from "../../releases/project.ts";
import { signOverlay } from "../../releases/sign-overlay.ts";

/** Two overlays of the deployment that test devices are in, the second newer, in the metadata as version 5. */
export async function signOverlays(project: Project, built: BuiltForTest): Promise<[OverlayName, OverlayName]> {
  const key = generateSigningKey();
  const delegation = { to: { deployment: "field" }, keys: [key.publicKey], threshold: 1 };
  await signTargets(await developmentRing(project.keysDir), project.repoDir, { delegation });
  const sign = (name: string, level: number): Promise<OverlayName> => {
    const values = { "one.config.level": level };
    const overlay = { overlay: name, deployment: "field", base: built.digest, values };
    return signOverlay(project.repoDir, key, overlay, built.release);
  };
  const overlays: [OverlayName, OverlayName] = [await sign("warmer", 7), await sign("colder", 3)];
  await signOnline(project.repoDir, project.online, { version: 5 });
  return overlays;
}
