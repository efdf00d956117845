/** All that the native component tries. */
export type { Attempt, Control } from "./attempt.ts";

import type { Attempt } from "./attempt.ts";
import { devices, files, proc } from "./files.ts";
import { kernel } from "./kernel.ts";
import { identity, namespaces, processes, scheduling } from "./processes.ts";
import { sockets } from "./sockets.ts";

export type Known = {
  readonly caller: number;
  /** A process of the host. */
  readonly host: number;
  readonly dataDir: string;
  readonly hostName: string;
  readonly hostPath: string;
  readonly hostPort: number;
};

/** The attempts with what the test knows put in. */
export function allAttempts(known: Known): Attempt[] {
  const rows = [
    ...[files, devices, proc, processes, identity, namespaces, scheduling, kernel].flat(),
    ...sockets(known.hostName, known.hostPath, known.hostPort, known.caller),
  ];
  const fill = (step: string) =>
    step.replaceAll(/\{(caller|host|dataDir)\}/g, (_, key: "caller" | "host" | "dataDir") => String(known[key]));
  return rows.map((row) => ({ ...row, steps: row.steps.map(fill) }));
}

/** The line that `system/raw/main.c` reads. */
export const lineOf = ({ steps }: Attempt, index: number): string => `try ${index} |${steps.join("|")}`;
