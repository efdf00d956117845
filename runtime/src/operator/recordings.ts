/**
 * The next life of a component, written down: the place for it, and what the component is told. The file lies in memory
 * of its own, as large as the record may be, which is charged to the component as it fills.
 */
import { chown, mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type Component, type ToComponent } from "@bulkhead/protocol";
import { recordDirectory, recordFileName } from "@bulkhead/sdk";
import { execa } from "execa";
import type { UidOf } from "../device/index.ts";
import { type Mount, programEnvironment } from "../sandbox/index.ts";

/** Of a component's memory, so that it does not end for its record's sake. */
const memoryShare = 8;
const minBytes = 64 * 1024;
const pageBytes = 4096;

export type Recordings = {
  /** Makes the place, which the next process of `component` gets; `onBegun` when that is there. Throws ATTACH_REFUSED. */
  prepare(
    component: string,
    declared: Component,
    maxBytes: number | null,
    onBegun: () => void,
  ): Promise<{ file: string; maxBytes: number }>;
  /** What the sandbox of the next process gets for it. */
  mounts(component: string): Mount[];
  /** What `start` tells the process; once: the life after it is not recorded. */
  settings(component: string): Pick<ToComponent["start"], "record">;
  /** Nobody wants it any more. A process that still writes has the place until its end. */
  remove(component: string): Promise<void>;
};

export function createRecordings(root: string, uidOf: UidOf): Recordings {
  /** `there`: the place is; `shown`: the newest sandbox has it. One that was built before must not be told to write there. */
  type Wanted = {
    readonly maxBytes: number;
    readonly onBegun: () => void;
    stage: "made" | "there" | "shown" | "begun";
  };
  const wanted = new Map<string, Wanted>();

  return {
    async prepare(component, declared, maxBytes, onBegun) {
      if (wanted.has(component)) throw refused(`${component} is being recorded already`, "wait for the other to end");
      const size = sizeOf(component, declared, maxBytes);
      // Before the first wait: a second request in that time finds it.
      const mine: Wanted = { maxBytes: size, onBegun, stage: "made" };
      wanted.set(component, mine);
      const place = join(root, component);
      await makePlace(place, size, uidOf(component)).catch((error: unknown) => {
        wanted.delete(component);
        throw error;
      });
      mine.stage = "there";
      return { file: join(place, recordFileName), maxBytes: size };
    },
    mounts(component) {
      const found = wanted.get(component);
      if (!found || found.stage === "made" || found.stage === "begun") return [];
      found.stage = "shown";
      return [{ kind: "rw", source: join(root, component), target: recordDirectory }];
    },
    settings(component) {
      const found = wanted.get(component);
      if (found?.stage !== "shown") return {};
      found.stage = "begun";
      found.onBegun();
      return { record: { maxBytes: found.maxBytes } };
    },
    async remove(component) {
      if (!wanted.delete(component)) return;
      await removePlace(join(root, component));
    },
  };
}

function sizeOf(name: string, { spare, memoryBytes }: Component, maxBytes: number | null): number {
  // Its next life is the spare's, which is there already.
  if (spare) throw refused(`${name} has a spare`, "record it without `spare: true`");
  const most = Math.max(minBytes, Math.floor(memoryBytes / memoryShare));
  if (maxBytes === null) return most;
  if (maxBytes >= minBytes && maxBytes <= most) return maxBytes;
  throw refused(`a record of ${name} can have ${minBytes} to ${most} bytes`, "it lies in the component's own memory");
}

async function makePlace(place: string, sizeBytes: number, uid: number | null): Promise<void> {
  await removePlace(place);
  await mkdir(place, { recursive: true, mode: 0o755 });
  const size = (Math.ceil(sizeBytes / pageBytes) + 2) * pageBytes;
  const options = `mode=0700,nosuid,nodev,noexec,size=${size},nr_inodes=3`;
  await execa("mount", ["-t", "tmpfs", "-o", options, "tmpfs", place], { env: programEnvironment });
  if (uid !== null) await chown(place, uid, uid);
}

/** Also one that a root server before us left. */
async function removePlace(place: string): Promise<void> {
  await execa("umount", ["--lazy", "--", place], { reject: false, env: programEnvironment });
  await rmdir(place).catch(() => undefined);
}

function refused(message: string, remedy: string): BulkheadError {
  return new BulkheadError("ATTACH_REFUSED", message, { remedy });
}
