/** Has the inspector of a component opened, and a way to it: from a socket of root's into the component's own network namespace. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { BulkheadError } from "@bulkhead/protocol";
import { programEnvironment } from "../sandbox/programs.ts";

type Way = {
  /** Of the component. */
  readonly pid: number;
  /** Where the way begins. */
  readonly socket: string;
  readonly nodePath: string;
  readonly program: string;
};

/** Resolves when the inspector can be reached at `socket`. Throws ATTACH_REFUSED where it does not open. */
export async function openInspector({ pid, socket, nodePath, program }: Way): Promise<void> {
  // Entered before the inspector is there: what is reached is this process's, whoever may have its number later.
  const relay = spawn("nsenter", [`--net=/proc/${pid}/ns/net`, "--", nodePath, program, "relay", socket], {
    stdio: ["pipe", "pipe", "inherit"],
    env: programEnvironment,
  });
  const lines = createInterface({ input: relay.stdout });
  const ended = new Promise<string>((resolve) => relay.once("exit", () => resolve("ended")));
  const next = () => Promise.race([new Promise<string>((resolve) => lines.once("line", resolve)), ended]);
  if ((await next()) !== "entered") throw notOpened("its network cannot be entered");
  process.kill(pid, "SIGUSR1");
  if ((await next()) !== "listening") throw notOpened("its inspector does not open");
}

function notOpened(why: string): BulkheadError {
  return new BulkheadError("ATTACH_REFUSED", `the component cannot be inspected: ${why}`, {
    remedy: "it needs a thread and some memory for it: look at its limits `processes` and `memory`",
  });
}
