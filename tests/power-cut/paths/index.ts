/** Every path on which a device is updated, with what they need beside the disk whose power is cut. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeReleases } from "../releases.ts";
import type { UpdatePath } from "../update-path.ts";
import { agentPaths, startService } from "./agent.ts";
import { baseSystemPaths } from "./base-system.ts";
import { besidePaths } from "./beside.ts";
import { commandPaths } from "./commands.ts";
import { endorsementPaths } from "./endorsements.ts";
import { keyStorePaths } from "./key-store.ts";
import { publish } from "./published.ts";
import { rootServerPaths } from "./root-server.ts";
import { verifierPaths } from "./verifier.ts";

export const pathNames = [
  "the first release",
  "an update",
  "an overlay",
  "updates beside a pinned release",
  "a roll back",
  "a rollback statement",
  "a trial without tries",
  "a damaged release",
  "a damaged release made whole",
  "the way back",
  "a base system",
  "a base system that does not start",
  "a base system under bad components",
  "the way back to a base system",
  "a base system over another",
  "a counted reboot",
  "the places of storage",
  "the first metadata",
  "newer metadata",
  "an endorsement",
  "an encrypted release",
  "a base system's endorsement",
  "a release from a file",
  "an overlay's endorsement",
  "an overlay's commit",
  "a command",
  "a signed command",
  "the key of a deployment",
  "a command at the agent",
  "a deployment at the agent",
  "a fetch",
  "a fetch of blocks",
] as const;
export type PathName = (typeof pathNames)[number];

const longNames: readonly PathName[] = [
  // A megabyte at least, below which nothing is put together: in the short form 5 s on an idle machine, where delta.spec.ts has the same more narrowly.
  "a fetch of blocks",
  // 2 s: as many renames as a fetch and an endorsement together, each of which is a path of its own.
  "a release from a file",
];
export const shortNames: readonly PathName[] = pathNames.filter((name) => !longNames.includes(name));

export type Paths = { of(name: PathName): UpdatePath; remove(): Promise<void> };

/** Makes releases, signs them and serves them, once for all paths. */
export async function everyPath(): Promise<Paths> {
  const scratch = await mkdtemp(join(tmpdir(), "bulkhead-paths-"));
  const published = await publish();
  const service = await startService();
  const releases = await makeReleases(scratch);
  const all: Readonly<Record<PathName, UpdatePath>> = {
    ...rootServerPaths(releases),
    ...(await baseSystemPaths(releases)),
    ...besidePaths(),
    ...verifierPaths(published),
    ...endorsementPaths(published),
    ...keyStorePaths(published),
    ...commandPaths(),
    ...agentPaths(service),
  };
  return {
    of: (name) => all[name],
    async remove() {
      await service.close();
      await published.remove();
      await rm(scratch, { recursive: true });
    },
  };
}
