/** Whose signatures make a command: the operators that the newest trusted targets name, for as long as those targets hold. */
import {
  BulkheadError,
  type CommandEnvelope,
  type Delegation,
  type OperatorWord,
  operatorBytes,
  parseDelegations,
  verifySignature,
} from "@bulkhead/protocol";

export type Operators = Pick<Delegation, "keys" | "threshold">;

/**
 * The operators in trusted targets; undefined: there are no such targets yet. Throws OPERATOR_UNKNOWN where nobody is named,
 * RELEASE_METADATA_EXPIRED where the targets do not hold any more at `nowMs`.
 */
export function operatorsIn(targetsJson: string | undefined, nowMs: number): Operators {
  const signed = targetsJson === undefined ? undefined : JSON.parse(targetsJson).signed;
  const named = parseDelegations(signed?.delegations).find(({ name }) => name === "operators");
  if (named === undefined) {
    throw new BulkheadError("OPERATOR_UNKNOWN", "the signed targets that this device has name no operators", {
      remedy: "name them with `bulkhead keys operators`, and upload the repository",
    });
  }
  // A form that gives no time is not in force either.
  if (Date.parse(String(signed.expires)) > nowMs) return named;
  throw new BulkheadError("RELEASE_METADATA_EXPIRED", `the targets that name the operators ended ${signed.expires}`, {
    remedy: "renew them with `bulkhead sign --refresh`, and upload the repository",
  });
}

/**
 * The operators' keys that signed this very command for this device. Throws COMMAND_SIGNATURE_INVALID for a signature of theirs
 * that does not hold and where they are too few, OPERATOR_UNKNOWN where none of the keys is an operator's.
 */
export function signersOf(
  { deviceId, command }: CommandEnvelope,
  { challenge, validMs, signatures }: OperatorWord,
  operators: Operators,
): string[] {
  const bytes = operatorBytes({ deviceId, challenge, validMs, command });
  const theirs = signatures.filter(({ key }) => operators.keys.includes(key));
  if (theirs.length === 0) {
    const keys = [...new Set(signatures.map(({ key }) => key))].join(", ");
    throw new BulkheadError("OPERATOR_UNKNOWN", `no operator's key signed the command, but ${keys}`, {
      remedy: "`bulkhead keys operators` says in the targets whose keys count; then upload the repository",
    });
  }
  const wrong = theirs.find(({ key, signature }) => !verifySignature(key, bytes, signature));
  if (wrong !== undefined) {
    const message = `the signature by ${wrong.key} is not over this command, this device and this challenge`;
    throw new BulkheadError("COMMAND_SIGNATURE_INVALID", message, { remedy: "sign the command anew" });
  }
  const signers = [...new Set(theirs.map(({ key }) => key))];
  if (signers.length >= operators.threshold) return signers;
  const message = `${signers.length} of the ${operators.threshold} operators that it takes have signed the command`;
  throw new BulkheadError("COMMAND_SIGNATURE_INVALID", message, {
    remedy: "give --keys with the keys of more operators",
  });
}
