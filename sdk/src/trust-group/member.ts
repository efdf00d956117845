/** Whether this is a member of a trust group, in a thread of the group's process, and what it has from that process. */
import { Duplex } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";

/** What the process of a trust group gives a member's thread as its data. */
export type MemberData = { readonly bulkheadMember: { readonly root: string } };

/** What is the member's alone lies below this; nothing for who has a sandbox of its own. */
export const memberRoot: string = isMember(workerData) ? workerData.bulkheadMember.root : "";

function isMember(value: unknown): value is MemberData {
  return typeof value === "object" && value !== null && "bulkheadMember" in value;
}

/** The member's control channel, by way of the thread that started this one; undefined where this is no member. */
export function memberControl(): Duplex | undefined {
  const port = parentPort;
  if (!port || memberRoot === "") return undefined;
  let written: (() => void) | undefined;
  const control = new Duplex({
    read: () => undefined,
    // One at a time, so that what waits is counted here and not piled up there.
    write(chunk: Buffer, _encoding, done) {
      written = done;
      port.postMessage(new Uint8Array(chunk));
    },
  });
  port.on("message", (message: Uint8Array | null) => {
    if (message !== null) return void control.push(message);
    const done = written;
    written = undefined;
    done?.();
  });
  return control;
}
