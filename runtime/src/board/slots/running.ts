/** Which slot runs, and which base system is in it, as the boot script told the kernel. */
import { digestSchema } from "@bulkhead/protocol";
import type { SlotName } from "./record.ts";

export type RunningSlot = {
  readonly slot: SlotName;
  readonly other: SlotName;
  /** Undefined: its image was made before base systems said who they are. */
  readonly base: string | undefined;
  /** It was started as the slot on trial. */
  readonly asTrial: boolean;
};

/** `words`: the kernel's command line (/proc/cmdline). Null where it names no slot. */
export function runningSlot(words: string): RunningSlot | null {
  const given = words.trim().split(/\s+/);
  const wordOf = (name: string) => given.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const slot = wordOf("bulkhead.slot");
  if (slot !== "a" && slot !== "b") return null;
  const base = digestSchema.safeParse(wordOf("bulkhead.base")).data;
  return { slot, other: slot === "a" ? "b" : "a", base, asTrial: given.includes("bulkhead.trial") };
}
