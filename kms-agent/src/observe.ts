/** Carries what a command asked to see from the servers of the device to the KMS, ahead of the command's result. */
import { BulkheadError, type Command, type ComponentTrace } from "@bulkhead/protocol";
import type { Client, monitorInterface, schedulerInterface } from "@bulkhead/sdk";
import type { OpenSession } from "./session/connection.ts";

type Sources = {
  monitor: Pick<Client<typeof monitorInterface>, "report" | "system">;
  scheduler: Pick<Client<typeof schedulerInterface>, "trace">;
};

/** Of a message of 4 MiB; what does not fit is named. */
const maxTraceBytes = 3 * 1024 * 1024;

/** Does nothing for commands that ask to see nothing. Throws where there is nobody to carry it to. */
export async function observe(command: Command, sources: Sources, session: OpenSession | undefined): Promise<void> {
  const isTrace = command.kind === "trace" && command.action === "read";
  if (command.kind !== "report" && !isTrace) return;
  if (!session || session.closed.aborted) throw new BulkheadError("DEVICE_OFFLINE", "the connection has ended");
  if (command.kind === "report") {
    session.send({ type: "observation", observation: { kind: "report", report: await sources.monitor.report() } });
  } else if (isTrace) {
    const observation = { kind: "trace" as const, atMs: Date.now(), ...(await readTraces(command.component, sources)) };
    session.send({ type: "observation", observation });
  }
  await session.settled();
}

async function readTraces(component: string | null, { monitor, scheduler }: Sources) {
  const names = component === null ? (await monitor.system()).startOrder : [component];
  const components: Record<string, ComponentTrace> = {};
  const omitted: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const trace = await scheduler.trace({ component: name });
    bytes += JSON.stringify(trace).length;
    if (bytes > maxTraceBytes) omitted.push(name);
    else if (trace.entries.length > 0 || component !== null) components[name] = trace;
  }
  return { components, omitted };
}
