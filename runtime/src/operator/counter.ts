/** What each request of an operator does in a running generation. */
import { BulkheadError, type OperatorRequest, reportError, type System } from "@bulkhead/protocol";
import type { UidOf } from "../device/index.ts";
import type { Sandbox } from "../sandbox/index.ts";
import { type Attachments, allowed } from "./attachments.ts";
import type { Visit } from "./desk.ts";
import type { ImportRequest } from "./imports.ts";
import type { Recordings } from "./recordings.ts";

export type CounterMeans = {
  readonly system: () => System;
  readonly uidOf: UidOf;
  readonly attachments: Attachments;
  readonly recordings: Recordings;
  readonly running: (
    component: string,
  ) => { sandbox: Pick<Sandbox, "componentPid" | "exited">; incarnation: number } | undefined;
  readonly restart: (component: string, reason: string) => void;
  readonly log: (text: string) => void;
};

type Of<K extends OperatorRequest["kind"]> = Extract<OperatorRequest, { kind: K }>;
export type CounterRequest = Exclude<OperatorRequest, ImportRequest>;

/** Of which component an operator is having a record made, by connection. */
type Records = WeakMap<Visit, string>;

/** Answers requests as they come; throws why one is refused. */
export function createCounter(means: CounterMeans): (request: CounterRequest, visit: Visit) => void {
  const records: Records = new WeakMap();
  return (request, visit) => {
    if (request.kind === "attach") attach(means, request, visit);
    else if (request.kind === "record")
      void record(means, records, request, visit).catch((error) => refuse(visit, error));
    else finish(means, records, visit);
  };
}

function attach(means: CounterMeans, { component, tool }: Of<"attach">, visit: Visit): void {
  allowed(means.system(), component, tool);
  const found = means.running(component);
  if (!found) throw new BulkheadError("ATTACH_REFUSED", `${component} does not run now`, { remedy: "start it first" });
  const remove = means.attachments.add(component, tool);
  means.log(`${component}: ${tool} is attached by an operator; a missing heartbeat does not end it meanwhile`);
  visit.onGone(() => {
    remove();
    means.log(`${component}: ${tool} is no longer attached`);
  });
  const { sandbox, incarnation } = found;
  const uid = means.uidOf(component);
  visit.tell({ kind: "attached", pid: sandbox.componentPid, uid, incarnation });
  endWith(sandbox, visit);
}

async function record(means: CounterMeans, records: Records, request: Of<"record">, visit: Visit): Promise<void> {
  const { component, maxBytes } = request;
  const { system, recordings, attachments, log } = means;
  const declared = allowed(system(), component, "record");
  if (records.has(visit)) throw new BulkheadError("ATTACH_REFUSED", "this connection has asked for a record already");
  records.set(visit, component);
  const place = await recordings.prepare(component, declared, maxBytes, () => {
    const life = means.running(component);
    if (life) endWith(life.sandbox, visit);
  });
  if (visit.isGone()) return recordings.remove(component);
  const remove = attachments.add(component, "record");
  visit.onGone(() => {
    remove();
    void recordings.remove(component);
    log(`${component}: it is no longer recorded`);
  });
  log(`${component}: an operator has its next life recorded, in at most ${place.maxBytes} bytes`);
  visit.tell({ kind: "recording", ...place });
  means.restart(component, `${component} restarts to be recorded`);
}

function finish(means: CounterMeans, records: Records, visit: Visit): void {
  const component = records.get(visit);
  const found = component === undefined ? undefined : means.running(component);
  if (component === undefined) throw new BulkheadError("ATTACH_REFUSED", "nothing is recorded on this connection");
  if (found) means.restart(component, `the record of ${component} is complete`);
  else visit.tell({ kind: "ended" });
}

function endWith(sandbox: Pick<Sandbox, "exited">, visit: Visit): void {
  void sandbox.exited.then(() => visit.tell({ kind: "ended" }));
}

function refuse(visit: Visit, error: unknown): void {
  const { code, message, remedy = "" } = reportError(error);
  visit.tell({ kind: "refused", code, message: message.slice(0, 500), remedy: remedy.slice(0, 500) });
}
