/** What `npm start -- --check` is made of: lines that each prove a claim on the running system, with their evidence. */
import type { FirstLight } from "./first-light.ts";

/** One thing that was seen. `reduced`: it holds only as far as this user and machine allow. */
export type Fact = { text: string; holds: boolean; reduced?: boolean };

export type Proof = {
  title: string;
  /** Looks at the system, or makes it do something, and says what was seen. A throw is a fact that does not hold. */
  prove(light: FirstLight): Promise<Fact[]>;
};

export type ProofResult = {
  number: number;
  title: string;
  outcome: "holds" | "reduced" | "fails";
  durationMs: number;
  facts: Fact[];
};

/** Runs one proof and measures it; never throws. */
export async function runProof(number: number, proof: Proof, light: FirstLight): Promise<ProofResult> {
  const startedAt = performance.now();
  const facts: Fact[] = await proof
    .prove(light)
    .catch((error: unknown) => [{ text: error instanceof Error ? error.message : String(error), holds: false }]);
  const fails = facts.length === 0 || facts.some((fact) => !fact.holds);
  const outcome = fails ? "fails" : facts.some((fact) => fact.reduced) ? "reduced" : "holds";
  return { number, title: proof.title, outcome, durationMs: Math.round(performance.now() - startedAt), facts };
}

/** A fact from a condition. */
export function fact(holds: boolean, text: string): Fact {
  return { text, holds };
}
