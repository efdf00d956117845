/** What the root server and the tests need of the verifier. */
export type { VerifierConfig, VerifierDirectories } from "./config.ts";
export { type Gate, type GatePorts, openGate } from "./gate.ts";
