/** Brings a file with a release to the device, and says how it goes: for a person, or one JSON document a line. */
import { constants, type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { BulkheadError, formatError, isErrorCode, reportError } from "@bulkhead/protocol";
import type { Wish } from "./arguments.ts";
import type { BringEvent } from "./bring-file.ts";
import { enterAs, type Place } from "./root-server.ts";

type ImportWish = Extract<Wish, { kind: "import" }>;

/**
 * Exit code 0: the device runs it; 1: it does not, and why was said; 3: it was to be installed, and nobody could say what became of it. `findPlace` throws where there
 * is none.
 */
export async function importFile(wish: ImportWish, findPlace: () => Promise<Place>): Promise<number> {
  try {
    return await bringOpened(wish, await findPlace());
  } catch (error) {
    if (!wish.json || !(error instanceof BulkheadError)) throw error;
    const { code, message, remedy = "" } = reportError(error);
    process.stdout.write(`${JSON.stringify({ event: "refused", code, message, remedy } satisfies BringEvent)}\n`);
    return 1;
  }
}

async function bringOpened({ file, json, digest }: ImportWish, place: Place): Promise<number> {
  const handle = await openFile(file);
  try {
    const inside = await enterAs(place, ["bring", place.config.runDir, ...(digest === null ? [] : [digest])], {
      input: handle.fd,
    });
    let exitCode = 1;
    if (!inside.child.stdout) throw new TypeError("its output was not asked for");
    for await (const line of createInterface({ input: inside.child.stdout })) {
      const event = JSON.parse(line) as BringEvent;
      if (json) process.stdout.write(`${line}\n`);
      else say(file, event);
      exitCode = exitCodeOf(event);
    }
    await inside.exitCode;
    return exitCode;
  } finally {
    await handle.close();
  }
}

/** A link on somebody's stick must not be a way to what root can read; a pipe would be waited for. */
export async function openFile(file: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(file, flags).catch((cause: Error) => {
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be opened: ${cause.message}`, {
      cause,
      remedy: "name the file itself, not a link to it, where root can read it",
    });
  });
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new BulkheadError("FILE_UNREADABLE", `${file} is not a file`, { remedy: "give what `bulkhead export` wrote" });
}

function exitCodeOf(event: BringEvent): number {
  if (event.event === "outcome") return event.outcome === "committed" ? 0 : 1;
  return event.event === "unknown" ? 3 : 1;
}

function say(file: string, event: BringEvent): void {
  const text = textOf(event);
  if (text === undefined) return;
  const stream = event.event === "refused" || event.event === "unknown" ? process.stderr : process.stdout;
  // What it says of itself is whoever's.
  stream.write(`${printable(event.event === "offered" ? `${file}: ${text}` : text)}\n`);
}

function textOf(event: BringEvent): string | undefined {
  switch (event.event) {
    case "offered":
      return `${event.target}, good until ${event.expires}`;
    case "wanted":
      return `the device needs ${event.blobs} artifacts of it, ${mebibytes(event.bytes)} MiB`;
    case "taken":
      return `${mebibytes(event.bytes)} MiB are there`;
    case "installing":
      return "the verifier looks at it once more and endorses it";
    case "endorsed":
      return event.message;
    case "outcome":
      return `${event.outcome === "committed" ? "the device runs" : "the device does not run"} ${event.releaseDigest}: ${event.reason}`;
    case "refused": {
      const { code, message, remedy } = event;
      return formatError({ code: isErrorCode(code) ? code : "INTERNAL", message, ...(remedy && { remedy }) });
    }
    case "unknown":
      return `${event.message}; the state of the device says what became of it`;
  }
}

const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
const printable = (text: string) => text.replaceAll(/[^\P{C}\n]/gu, "?");
