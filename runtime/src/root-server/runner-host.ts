/** What the edge of supervision needs of the root server around it. */
import type { ToComponent } from "@bulkhead/protocol";
import type { Sandbox } from "../sandbox/index.ts";
import type { MessageToRoot } from "./control-link.ts";

export type Request<K extends "activate" | "restart" = "activate" | "restart"> = Extract<MessageToRoot, { kind: K }>;

export type RunnerHost = {
  /** Builds and starts the sandbox of one incarnation. */
  launch(component: string, incarnation: number): Promise<Sandbox>;
  greeting(component: string, incarnation: number): ToComponent["start"];
  /** Only the verifier may ask the root server for anything. */
  mayRequest(component: string): boolean;
  onRequest(request: Request): void;
  onGreeted(component: string): void;
  onReady(component: string): void;
  onEscalation(reason: string): void;
  /** Something of the state, of a reason or of a sandbox changed. */
  onChange(): void;
  log(text: string): void;
};
