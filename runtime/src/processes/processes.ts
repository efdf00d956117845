/**
 * The processes of a generation: each is one incarnation of a component, or its spare. A spare that takes over keeps its
 * sandbox and its control channel; only what its words and its end mean changes.
 */
import { reportError } from "@bulkhead/protocol";
import type { EndOfUse, ExitStatus, Sandbox } from "../sandbox/index.ts";
import type { Exit, SupervisionEvent } from "../supervision/index.ts";
import { type ControlLink, type MessageToRoot, openControlLink } from "./control-link.ts";

export type WithoutTime<E> = E extends unknown ? Omit<E, "nowMs"> : never;
export type Happening = WithoutTime<SupervisionEvent>;

/** Two control groups, so that a spare can be built beside the running process. */
export type Slot = 0 | 1;

export type Process = {
  readonly component: string;
  /** What it is now. */
  as: { readonly incarnation: number } | { readonly spare: number };
  readonly slot: Slot;
  /** By CLOCK_MONOTONIC, which its trace tells the time by. */
  readonly life: { readonly fromUs: number; toUs: number };
  sandbox?: Sandbox;
  link?: ControlLink;
  /** Where it said on its last way out that it failed. */
  stack?: string;
  end?: ExitStatus & EndOfUse;
};

export type Processes = ReturnType<typeof createProcesses>;

type Means = {
  readonly launch: (component: string, slot: Slot) => Promise<Sandbox>;
  /** What happened is made when its turn comes: a spare may have taken over meanwhile. */
  readonly happen: (make: () => Happening) => void;
  /** A message of a running component that is about more than its own state. */
  readonly hear: (process: Process, incarnation: number, message: MessageToRoot) => Happening | undefined;
};

export function createProcesses({ launch, happen, hear }: Means) {
  const running = new Map<string, Process>();
  const spares = new Map<string, Process>();
  const leaving = new Map<Promise<unknown>, string>();

  async function start(process: Process): Promise<void> {
    const { component, slot } = process;
    const sandbox = await launch(component, slot).catch((error: unknown) => {
      const { code, message } = reportError(error);
      gone(process, { code: null, signal: null, failure: message, needsPerson: code.startsWith("STORAGE_") });
    });
    if (!sandbox) return;
    process.sandbox = sandbox;
    process.link = openControlLink(sandbox.control, {
      onMessage: (message) => take(process, message),
      onBroken: (reason) => happen(() => misbehaved(process, reason)),
    });
    void sandbox.ended.then((end) => {
      process.end = end;
      process.life.toUs = nowUs();
      sandbox.control.destroy();
      gone(process, toExit(end));
    });
    leaving.set(sandbox.exited, component);
    void sandbox.exited.then(() => leaving.delete(sandbox.exited));
    happen(() =>
      "spare" in process.as
        ? { kind: "spare-spawned", component, spare: process.as.spare }
        : { kind: "spawned", component, incarnation: process.as.incarnation },
    );
  }

  function gone(process: Process, exit: Exit): void {
    const { component } = process;
    happen(() => {
      const jitter = Math.random();
      if ("spare" in process.as) {
        if (spares.get(component) === process) spares.delete(component);
        return { kind: "spare-exited", component, spare: process.as.spare, exit, jitter };
      }
      return { kind: "exited", component, incarnation: process.as.incarnation, exit, jitter };
    });
  }

  function take(process: Process, message: MessageToRoot): void {
    const { component, as } = process;
    if (message.kind === "fault" && message.body.stack !== undefined) process.stack = message.body.stack;
    if ("incarnation" in as) {
      const happening = hear(process, as.incarnation, message);
      if (happening) happen(() => happening);
    } else if (message.kind === "standing-by") {
      happen(() => ({ kind: "spare-standing-by", component, spare: as.spare }));
    } else if (message.kind !== "fault") {
      happen(() => misbehaved(process, `sent ${message.kind} while it stood by`));
    }
  }

  const freeSlot = (other: Process | undefined): Slot => (other?.slot === 0 ? 1 : 0);

  return {
    spawn(component: string, incarnation: number): void {
      const process: Process = { component, as: { incarnation }, slot: freeSlot(spares.get(component)), life: born() };
      running.set(component, process);
      void start(process);
    },
    spawnSpare(component: string, spare: number): void {
      const process: Process = { component, as: { spare }, slot: freeSlot(running.get(component)), life: born() };
      spares.set(component, process);
      void start(process);
    },
    promote(component: string, spare: number, incarnation: number): void {
      const process = spares.get(component);
      if (!process || !("spare" in process.as) || process.as.spare !== spare) return;
      spares.delete(component);
      process.as = { incarnation };
      running.set(component, process);
    },
    /** The process that is this incarnation, if its sandbox is built. It is still told of after its end. */
    of(component: string, incarnation: number): Process | undefined {
      const process = running.get(component);
      return process && "incarnation" in process.as && process.as.incarnation === incarnation ? process : undefined;
    },
    spareOf(component: string, spare: number): Process | undefined {
      const process = spares.get(component);
      return process && "spare" in process.as && process.as.spare === spare ? process : undefined;
    },
    /** What runs now. */
    current(component: string): Process | undefined {
      const process = running.get(component);
      return process?.end ? undefined : process;
    },
    /** Resolves when nothing is left of all but `staying`. */
    async cleanedUp(staying: readonly string[] = []): Promise<void> {
      await Promise.all([...leaving].flatMap(([exited, component]) => (staying.includes(component) ? [] : [exited])));
    },
  };
}

function misbehaved({ component, as }: Process, reason: string): Happening {
  return "spare" in as
    ? { kind: "spare-misbehaved", component, spare: as.spare, reason }
    : { kind: "misbehaved", component, incarnation: as.incarnation, reason };
}

function toExit({ code, signal, outOfMemoryKills }: ExitStatus & EndOfUse): Exit {
  return { code, signal, outOfMemory: (outOfMemoryKills ?? 0) > 0 && signal === "SIGKILL" };
}

const nowUs = () => Number(process.hrtime.bigint() / 1000n);

function born(): Process["life"] {
  const fromUs = nowUs();
  return { fromUs, toUs: fromUs };
}
