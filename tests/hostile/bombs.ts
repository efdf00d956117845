/** What uses up what there is: each is done for a while, and harms nobody else. */
import type { Battery } from "./boot.ts";
import { during, quiet, type Window } from "./neighbour.ts";

export type Bomb = {
  readonly name: string;
  readonly what: string;
  /** `ends`: the component does not survive it. */
  readonly ends?: boolean;
  /** Noticed by its missing heartbeats, which takes seconds. */
  readonly slow?: boolean;
};

export const bombs: readonly Bomb[] = [
  { name: "spinning", what: "as many busy threads as it can have" },
  { name: "system-calls", what: "as many threads as it can have, in the kernel without pause" },
  { name: "threads", what: "threads until there are no more" },
  { name: "lines", what: "empty lines and short ones on standard output" },
  { name: "bytes", what: "bytes that are no text on standard output" },
  { name: "one-line", what: "one line without end on standard output" },
  { name: "knocking", what: "connections to its provider, one after the other" },
  { name: "descriptors", what: "files until there are no more" },
  { name: "sockets", what: "sockets until there are no more" },
  { name: "inotify", what: "watches of files until there are no more" },
  { name: "disk", what: "its /tmp until it is full" },
  { name: "channel-disk", what: "the directory of its channel until it is full" },
  { name: "channel-names", what: "names in the directory of its channel until there are no more" },
  { name: "memory", what: "memory until the kernel ends it", ends: true },
  { name: "crash", what: "its own end", ends: true },
  { name: "stop-itself", what: "itself stopped by a signal", ends: true, slow: true },
];

export type Rounds = { readonly undisturbed: readonly Window[]; readonly disturbed: readonly Window[] };

/** Lets a bomb off, and leaves the caller alone for as long before it; so many times. */
export async function throwBomb(battery: Battery, bomb: Bomb, milliseconds: number, rounds: number): Promise<Rounds> {
  const undisturbed: Window[] = [];
  const disturbed: Window[] = [];
  const line = `bomb ${bomb.name} ${milliseconds}`;
  for (let round = 0; round < rounds; round++) {
    undisturbed.push(await quiet(milliseconds));
    disturbed.push(await during(() => repeat(() => throwOnce(battery, bomb, line), milliseconds)));
  }
  return { undisturbed, disturbed };
}

const throwOnce = (battery: Battery, bomb: Bomb, line: string): Promise<unknown> =>
  bomb.ends ? battery.end("bomber", line) : battery.ask("bomber", [line]);

/** What is full at once is filled again until the time is over, and who has ended comes back and ends again. */
async function repeat(action: () => Promise<unknown>, milliseconds: number): Promise<void> {
  const endMs = performance.now() + milliseconds;
  while (performance.now() < endMs) await action();
}
