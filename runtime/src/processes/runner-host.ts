/** What the edge of supervision needs of the root server around it. */
import type { CrashFacts, ToComponent } from "@bulkhead/protocol";
import type { EndOfUse, ExitStatus, Sandbox } from "../sandbox/index.ts";
import type { Exit, Rung } from "../supervision/index.ts";
import type { MessageToRoot } from "./control-link.ts";
import type { Slot } from "./processes.ts";

type RequestKind = "activate" | "restart" | "verify" | "trace" | "resolve" | "gateway" | "files" | "reached";

export type Request<K extends RequestKind = "activate" | "restart"> = Extract<MessageToRoot, { kind: K }>;

/** Only these may ask the root server for anything, each for its own. */
export const mayAsk: Readonly<Record<RequestKind, "verifier" | "network" | "scheduler-server" | "kms-agent">> = {
  activate: "verifier",
  restart: "verifier",
  verify: "verifier",
  trace: "verifier",
  resolve: "network",
  gateway: "network",
  files: "scheduler-server",
  reached: "kms-agent",
};

/** The rung of the ladder that is due, and why. */
export type Escalation = { readonly to: Rung; readonly reason: string };

/** An end that nobody had asked for, and what the process left. */
export type Crash = {
  readonly atMs: number;
  readonly component: string;
  readonly incarnation: number;
  readonly reason: string;
  readonly exit: Exit;
  readonly stack: string | undefined;
  readonly end: (ExitStatus & EndOfUse) | undefined;
  /** From when to when there was a process; see the crash record. */
  readonly life: CrashFacts["life"];
};

export type RunnerHost = {
  /** Builds and starts the sandbox of one process. */
  launch(component: string, slot: Slot): Promise<Sandbox>;
  greeting(component: string, incarnation: number): ToComponent["start"];
  mayRequest(component: string, kind: RequestKind): boolean;
  onRequest(request: Request<RequestKind>): void;
  onGreeted(component: string): void;
  onReady(component: string): void;
  onCrash(crash: Crash): void;
  onEscalation(escalation: Escalation): void;
  /** A debugger may have stopped it: it is not late with its heartbeat or its start. */
  stands(component: string): boolean;
  /** Something of the state, of a reason or of a sandbox changed. */
  onChange(): void;
  log(text: string): void;
};
