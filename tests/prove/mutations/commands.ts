/** What makes an operator's command one: each part of it taken away, and the test that must fail then. */
import { type Mutation, mutate } from "./mutation.ts";

const file = "runtime/src/verifier/signed-command.test.ts";
const operators = "runtime/src/verifier/operators.ts";
const challenges = "runtime/src/verifier/challenges.ts";
const authority = "runtime/src/verifier/command-authority.ts";
const gate = "runtime/src/verifier/command-gate.ts";
const word = "protocol/src/signed-command.ts";
const signed = "canonicalJson({ deviceId, challenge, validMs, command })";

const rows: readonly (readonly [without: string, file: string, from: string, to: string])[] = [
  ["a look at an operator's signature", operators, "!verifySignature(key, bytes, signature)", "false"],
  ["a threshold of operators", operators, "signers.length >= operators.threshold", "signers.length > 0"],
  [
    "an operator who counts once",
    operators,
    "[...new Set(theirs.map(({ key }) => key))]",
    "theirs.map(({ key }) => key)",
  ],
  [
    "operators whom the targets name",
    operators,
    "signatures.filter(({ key }) => operators.keys.includes(key))",
    "signatures.slice()",
  ],
  ["an end of the targets that name operators", operators, "Date.parse(String(signed.expires)) > nowMs", "nowMs > 0"],
  ["a challenge of the device's own", authority, "challenges.check(signed);", ""],
  [
    "a signature where the policy asks for one",
    authority,
    'if (unsignedCommands && envelope.command.kind !== "admit") return',
    "if (envelope) return",
  ],
  [
    "a look at a signature that need not be",
    authority,
    "if (signed === undefined) {",
    "if (unsignedCommands || signed === undefined) {",
  ],
  ["a challenge that is used up", gate, "if (envelope.signed) authority.use(envelope.signed);", ""],
  ["an end to what a later command overtook", challenges, "if (!isUsed) given.delete(before);", ""],
  ["the operator's end of a signature", challenges, "Math.min(validMs, challengeLifeMs)", "challengeLifeMs"],
  ["the device's end of a signature", challenges, "Math.min(validMs, challengeLifeMs)", "Number.MAX_VALUE"],
  ["the device in what is signed", word, signed, "canonicalJson({ challenge, validMs, command })"],
  ["the challenge in what is signed", word, signed, "canonicalJson({ deviceId, validMs, command })"],
  ["its end in what is signed", word, signed, "canonicalJson({ deviceId, challenge, command })"],
  ["the command in what is signed", word, signed, "canonicalJson({ deviceId, challenge, validMs })"],
];

export const commands: readonly Mutation[] = rows.map(([without, source, from, to]) =>
  mutate(without, source, from, to, { file }),
);
