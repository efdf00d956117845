/** Processes that belong to no component: none has a component's uid or is in its namespaces, and none is unexpected. */
import type { ProcessFacts } from "../facts.ts";
import type { Asked, Found } from "../question.ts";
import { nameOf, ownKinds } from "./processes.ts";

export type Sandboxed = {
  readonly asked: Asked;
  readonly monitor: ProcessFacts | undefined;
  readonly members: readonly ProcessFacts[];
};

/** Those of `processes` that are no part of a sandbox. */
export function outsidersOf(processes: readonly ProcessFacts[], sandboxes: readonly Sandboxed[]): ProcessFacts[] {
  const known = new Set(
    sandboxes.flatMap(({ monitor, members }) => [monitor, ...members].map((process) => process?.pid)),
  );
  return processes.filter(({ pid }) => !known.has(pid));
}

/**
 * Who outside of a sandbox has its uid, or a namespace that is its own. One that it shares with the root server, against
 * the system, is a difference of its own and makes none with everybody else.
 */
export function compareOutsiders(
  { asked, members }: Pick<Sandboxed, "asked" | "members">,
  everybodyElse: readonly ProcessFacts[],
  root: ProcessFacts,
): Found[] {
  const [first] = members;
  return everybodyElse.flatMap((process) => [
    ...(asked.uid !== null && process.uids.includes(asked.uid)
      ? [{ what: "who has its uid", expected: "nobody else", found: nameOf(process) }]
      : []),
    ...ownKinds(asked)
      .filter((kind) => first !== undefined && first.namespaces[kind] !== root.namespaces[kind])
      .filter((kind) => process.namespaces[kind] === first?.namespaces[kind])
      .map((kind) => ({ what: `who is in its ${kind} namespace`, expected: "nobody else", found: nameOf(process) })),
  ]);
}

/**
 * What runs on the device beside the components: the root server, `verify` itself, and the init above them. On a board
 * whose root server shares its pid namespace with the base system, only what runs below it is ours to judge.
 */
export function compareUnexpected(
  outsiders: readonly ProcessFacts[],
  below: ReadonlySet<number>,
  expected: ReadonlySet<number>,
  ownsNamespace: boolean,
): Found[] {
  return outsiders
    .filter(({ pid }) => !expected.has(pid) && (ownsNamespace || below.has(pid)))
    .map((process) => {
      return { what: "processes", expected: "those of the system", found: `also ${nameOf(process)}` };
    });
}
