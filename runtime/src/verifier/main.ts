/** The verifier: no network, no keys of its own; what it endorses, the root server activates. */
import { toCoreServer } from "@bulkhead/protocol";
import { defineComponent, gateInterface, releaseOpeningInterface } from "@bulkhead/sdk";
import { sandboxDirectories, verifierConfigSchema } from "./config.ts";
import { openGate } from "./gate.ts";

export const component = defineComponent({
  // Systems that were built before releases were encrypted have no such channel.
  mayUse: { opening: releaseOpeningInterface },
  provides: { gate: gateInterface },
  async start({ mayUse, config, log, provides, root }) {
    const gate = await openGate({
      directories: sandboxDirectories,
      config: verifierConfigSchema.parse(config),
      log,
      ...(mayUse.opening && { opening: mayUse.opening }),
      tellRoot: root.tellRoot,
    });
    root.hear("generation", toCoreServer.generation, (outcome) => {
      log.info(`release ${outcome.outcome}`, { releaseDigest: outcome.releaseDigest, reason: outcome.reason });
      gate.heard(outcome).catch((error: Error) => log.warn(`the overlay's counter is not kept: ${error.message}`));
    });
    provides.gate.serve(() => gate);
  },
});
