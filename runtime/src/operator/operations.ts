/** What an operator's requests come to, in the generation that runs: marks, records, and who deals with a request. */
import type { OperatorRequest, System } from "@bulkhead/protocol";
import type { UidOf } from "../device/index.ts";
import type { Runner } from "../processes/index.ts";
import { type Attachments, createAttachments } from "./attachments.ts";
import { createCounter } from "./counter.ts";
import type { Visit } from "./desk.ts";
import { createRecordings, type Recordings } from "./recordings.ts";

type Means = {
  /** As it runs now. */
  readonly system: () => System;
  readonly uidOf: UidOf;
  /** Where the places of records are made. */
  readonly records: string;
  readonly runner: () => Pick<Runner, "sandbox" | "state" | "restart">;
  /** Somebody attached something, or went. */
  readonly onChange: () => void;
  readonly log: (text: string) => void;
};

export type Operations = {
  readonly attachments: Attachments;
  readonly recordings: Recordings;
  ask(request: OperatorRequest, visit: Visit): void;
};

export function createOperations({ system, uidOf, records, runner, onChange, log }: Means): Operations {
  const attachments = createAttachments(system, onChange);
  const recordings = createRecordings(records, uidOf);
  const ask = createCounter({
    ...{ system, uidOf, attachments, recordings, log },
    restart: (component, reason) => runner().restart(component, reason),
    running(component) {
      const sandbox = runner().sandbox(component);
      return sandbox && { sandbox, incarnation: runner().state().components[component]?.incarnation ?? 0 };
    },
  });
  return { attachments, recordings, ask };
}
