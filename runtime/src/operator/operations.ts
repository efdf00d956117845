/** What an operator's requests come to, in the generation that runs: marks, records, files, and who deals with a request. */
import type { DeviceStatus, OperatorRequest, System } from "@bulkhead/protocol";
import { isCoreOf } from "../compartment/index.ts";
import type { UidOf } from "../device/index.ts";
import type { Runner } from "../processes/index.ts";
import { type Attachments, createAttachments } from "./attachments.ts";
import { createCounter } from "./counter.ts";
import type { Visit } from "./desk.ts";
import { createImports, type Imports, isImportRequest } from "./imports.ts";
import { createRecordings, type Recordings } from "./recordings.ts";

type Means = {
  /** As it runs now. */
  readonly system: () => System;
  readonly uidOf: UidOf;
  /** Where the places of records are made, and where who brings a file listens. */
  readonly paths: { readonly records: string; readonly import: string };
  readonly update: () => DeviceStatus["update"];
  readonly runner: () => Pick<Runner, "sandbox" | "state" | "restart" | "send">;
  /** Somebody attached something, or went. */
  readonly onChange: () => void;
  readonly log: (text: string) => void;
};

export type Operations = {
  readonly attachments: Attachments;
  readonly recordings: Recordings;
  ask(request: OperatorRequest, visit: Visit): void;
  readonly tellOutcome: Imports["tellOutcome"];
};

const agentName = "kms-agent";

export function createOperations(means: Means): Operations {
  const { system, uidOf, paths, runner, onChange, log } = means;
  const attachments = createAttachments(system, onChange);
  const recordings = createRecordings(paths.records, uidOf);
  const serve = createCounter({
    ...{ system, uidOf, attachments, recordings, log },
    restart: (component, reason) => runner().restart(component, reason),
    running(component) {
      const sandbox = runner().sandbox(component);
      return sandbox && { sandbox, incarnation: runner().state().components[component]?.incarnation ?? 0 };
    },
  });
  const imports = createImports({
    ...{ directory: paths.import, update: means.update, log },
    agent() {
      const isThere = runner().sandbox(agentName) !== undefined && isCoreOf(system(), agentName);
      return isThere ? { uid: uidOf(agentName) } : undefined;
    },
    tellAgent: () => runner().send(agentName, "import", {}),
  });
  return {
    attachments,
    recordings,
    ask: (request, visit) => (isImportRequest(request) ? imports.ask(request, visit) : serve(request, visit)),
    tellOutcome: imports.tellOutcome,
  };
}
