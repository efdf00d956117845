/** Whether this is a member of a trust group, in a thread of the group's process, and what it has from that process. */
import { Duplex } from "node:stream";
import { builtin } from "../builtin.ts";

/** What the process of a trust group gives a member's thread as its data. */
export type MemberData = { readonly bulkheadMember: { readonly root: string } };

/** Among the arguments of a member's thread: who does not have it need not load Node's threads to look. */
export const memberArgument = "--bulkhead-member";

/** What is the member's alone lies below this; nothing for who has a sandbox of its own. */
export const memberRoot: string = readMemberRoot();

function readMemberRoot(): string {
  if (!process.argv.includes(memberArgument)) return "";
  const { workerData } = builtin("node:worker_threads");
  return isMember(workerData) ? workerData.bulkheadMember.root : "";
}

function isMember(value: unknown): value is MemberData {
  return typeof value === "object" && value !== null && "bulkheadMember" in value;
}

/** The member's control channel, by way of the thread that started this one; undefined where this is no member. */
export function memberControl(): Duplex | undefined {
  if (memberRoot === "") return undefined;
  const { parentPort: port } = builtin("node:worker_threads");
  if (!port) return undefined;
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
