/** What stays the same while the root server runs: the device, its host, its places. */
import { join } from "node:path";
import type { Provisioning } from "@bulkhead/protocol";
import type { BoardSlots } from "../board/index.ts";
import type { HostCapabilities } from "../sandbox/index.ts";
import type { RootServerConfig } from "./config.ts";
import type { RuntimeLog } from "./runtime-log.ts";

export type Device = {
  readonly config: RootServerConfig;
  readonly host: HostCapabilities;
  readonly provisioning: Provisioning;
  readonly log: RuntimeLog;
  readonly paths: DevicePaths;
  /** Null: a board whose Linux is its maker's, or no board at all. */
  readonly slots: BoardSlots | null;
};

export type DevicePaths = ReturnType<typeof devicePaths>;

/**
 * All places of a device. Sandboxes are made under the components' uids, which may not be able to reach the data
 * directory or the programs where they are (somebody's home); they are shown below `view`, in the tmpfs.
 */
export function devicePaths(config: Pick<RootServerConfig, "dataDir" | "runDir">) {
  const view = join(config.runDir, "view");
  return {
    dataDir: config.dataDir,
    provisioning: join(config.dataDir, "provisioning.json"),
    storage: join(config.dataDir, "storage"),
    mountedStorage: join(config.runDir, "storage"),
    trace: join(config.runDir, "trace"),
    console: join(config.runDir, "console"),
    /** Root's alone. */
    operator: join(config.runDir, "operator"),
    records: join(config.runDir, "records"),
    endorsed: join(config.dataDir, "endorsed"),
    ipc: join(config.runDir, "ipc"),
    log: join(config.runDir, "log"),
    view,
    /** Where root listens who brings a file with a release; the agent alone is shown it. */
    import: join(view, "import"),
    shownData: join(view, "data"),
    shownPlatform: join(view, "platform"),
    /** What runners other than Node need, as part of the installed runtime. */
    shownRuntimes: join(view, "platform", "runtimes"),
    shownWorkerHost: join(view, "platform", "worker-host"),
    shownAsker: join(view, "platform", "asker"),
    shownNode: join(view, "node"),
  };
}

/** The uid of a component as the host sees it; null where only one can be had. */
export type UidOf = (component: string) => number | null;

/** Reads uids from the numbers that the record keeps. */
export function uidTable(uidBase: number | null, numbers: Readonly<Record<string, number>>): UidOf {
  return (component) => {
    const number = numbers[component];
    if (number === undefined) throw new TypeError(`no uid number was given to ${component}`);
    return uidBase === null ? null : uidBase + number;
  };
}

/** Above all that components are given, which begin at 0: the asker is no component, and has its uids on every device. */
const askerNumbers = { names: 8_999, time: 8_998 };

/** The uid of who asks for the gateway's name; null where only one can be had. */
export function resolverUid(uidBase: number | null): number | null {
  return uidBase === null ? null : uidBase + askerNumbers.names;
}

/** The uid of who asks for the time; null where only one can be had. */
export function timeUid(uidBase: number | null): number | null {
  return uidBase === null ? null : uidBase + askerNumbers.time;
}
