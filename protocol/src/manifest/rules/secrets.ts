/** A secret has one holder, unless the manifest says that it is shared: who has it can pass it on. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atValue, type Rule } from "../analysis.ts";

export const secretRule: Rule = (analysis) => {
  const holders = new Map<string, string[]>();
  const shared = analysis.written["shared-secrets"] ?? [];
  const second = Object.entries(analysis.written.components).flatMap(([name, { secrets = [] }]) =>
    secrets.flatMap((secret, index) => {
      const before = holders.get(secret) ?? [];
      if (before.includes(name)) return [];
      holders.set(secret, [...before, name]);
      return before.length === 0 || shared.includes(secret)
        ? []
        : [sharedUnsaid(analysis, name, index, secret, before)];
    }),
  );
  return [...second, ...shared.flatMap((secret, index) => checkShared(analysis, secret, index, holders.get(secret)))];
};

function sharedUnsaid(
  { source }: Analysis,
  name: string,
  index: number,
  secret: string,
  [holder = ""]: readonly string[],
): ErrorReport {
  const message = `the secret \`${secret}\` is given to \`${holder}\` and to \`${name}\``;
  const remedy = `let one of them use it for both, or write \`shared-secrets: [${secret}]\` at the top level`;
  const path = ["components", name, "secrets", index];
  return atValue(source, { code: "MANIFEST_SECRET_SHARED", path, message, remedy });
}

function checkShared(
  { source }: Analysis,
  secret: string,
  index: number,
  holders: readonly string[] = [],
): ErrorReport[] {
  if (holders.length > 1) return [];
  const who = holders.length === 1 ? `only \`${holders[0]}\` has it` : "no component has it";
  const message = `\`${secret}\` is said to be a shared secret, and ${who}`;
  return [
    atValue(source, {
      code: "MANIFEST_INVALID_VALUE",
      path: ["shared-secrets", index],
      message,
      remedy: "remove it from `shared-secrets`",
    }),
  ];
}
