/** Runner `native`: one static program. It brings all that it needs, so neither a loader nor a library is mounted. */
import { bundleInside, bundleMount, hostedEnvironment, type Runner } from "./execution.ts";

export const nativeRunner: Runner = async (subject) => {
  const isHosted = subject.component.environment === "hosted";
  return {
    command: [`${bundleInside}/main`],
    environment: isHosted ? hostedEnvironment : {},
    mounts: [bundleMount(subject)],
    profile: isHosted ? "component" : "freestanding",
    surroundings: isHosted ? "hosted" : "bare",
  };
};
