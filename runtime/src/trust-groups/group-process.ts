/**
 * One process of a trust group, as a sandbox for each of its members: what supervision decides about one is done to its
 * thread where that can be, and to the process where it must be.
 */
import { Duplex } from "node:stream";
import { BulkheadError, maxControlFrameBytes } from "@bulkhead/protocol";
import { encodeEnvelope, encodeFrame, type FromGroup, readFromGroup, type ToGroup } from "@bulkhead/sdk";
import { type EndOfUse, type ExitStatus, nothingCounted, type Sandbox } from "../sandbox/index.ts";

export type GroupProcess = {
  /** False once it has ended, or nobody was left in it: who comes then needs another. */
  isOpen(): boolean;
  /** Runs a member that does not run. */
  open(name: string): Sandbox;
  /** As of a sandbox. */
  readonly exited: Promise<unknown>;
};

type Member = { readonly control: Duplex; readonly end: (status: ExitStatus & EndOfUse) => void };

/** What the kernel counted is the process's, which goes on. */
const inOrder = { code: 0, signal: null, ...nothingCounted };

export function carryMembers(sandbox: Sandbox): GroupProcess {
  const members = new Map<string, Member>();
  let isOpen = true;
  let isBroken = false;
  let culprit: string | undefined;

  const reader = readFromGroup((envelope) => take(envelope), maxControlFrameBytes);
  sandbox.control.on("data", (chunk: Buffer) => {
    if (isBroken) return;
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      isBroken = true;
      tell([...members.keys()], `its trust group's process sent garbage: ${error.message}`);
      sandbox.kill();
    }
  });
  sandbox.control.on("error", () => undefined);
  void sandbox.ended.then((status) => {
    isOpen = false;
    sandbox.control.destroy();
    // Whose fault it was, first: after that of another it would be a restart for that one's sake, and no crash of its own.
    const order = [...members.keys()].sort((a, b) => Number(b === culprit) - Number(a === culprit));
    for (const name of order) members.get(name)?.end(status);
  });

  function take([kind, name, content]: FromGroup): void {
    const member = members.get(name);
    if (!member) throw new BulkheadError("IPC_FRAME_INVALID", `${name} does not run in it`);
    if (kind === "data") member.control.push(content);
    else if (content === 0) ended(name, member);
    // The process ends itself, once the last words are out.
    else blame(name, "failed");
  }

  function ended(name: string, member: Member): void {
    if (members.size > 1) {
      members.delete(name);
      member.end(inOrder);
      return;
    }
    // Nobody is left in it; the end of this one is that of the process.
    isOpen = false;
    sandbox.control.end();
  }

  function blame(name: string, what: string): void {
    culprit ??= name;
    const others = [...members.keys()].filter((other) => other !== name);
    tell(others, `it shares its process with ${name}, which ${what}`);
  }

  /** A word that each of `names` is taken to have said last: it is in the reason of its end. */
  function tell(names: readonly string[], reason: string): void {
    for (const name of names) members.get(name)?.control.push(encodeFrame([2, "fault", { reason }]));
  }

  function say(envelope: ToGroup, done: (error?: Error | null) => void): void {
    sandbox.control.write(encodeEnvelope(envelope), done);
  }

  function open(name: string): Sandbox {
    const control = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => say(["data", name, chunk], done),
    });
    control.on("error", () => undefined);
    const left = new Promise<ExitStatus & EndOfUse>((end) => members.set(name, { control, end }));
    say(["open", name], () => undefined);
    return {
      ...sandbox,
      control,
      ended: left,
      exited: left.then((status) => (status === inOrder ? status : sandbox.exited)),
      kill() {
        blame(name, "was killed");
        sandbox.kill();
      },
    };
  }

  return { isOpen: () => isOpen, open, exited: sandbox.exited };
}
