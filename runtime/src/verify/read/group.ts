/** Reads a component's control group: its limits beside what they should be, and its members. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CgroupHost, groupDirectories, ownRoot } from "../../sandbox/cgroup/host.ts";
import { type Setting, settingsV1, settingsV2 } from "../../sandbox/cgroup/limits.ts";
import type { GroupFacts } from "../facts.ts";
import type { Asked } from "../question.ts";

export async function readGroup({ cgroup, limits }: Asked, host: CgroupHost): Promise<GroupFacts> {
  const settings = plannedSettings(host, cgroup, limits).map(async ({ path, value, optional }) => {
    const found = await readText(path);
    return found === undefined && optional ? [] : [{ path, expected: value, found: found ?? "no such file" }];
  });
  const members = groupDirectories(host, cgroup).map(async (directory) => {
    const text = (await readText(join(directory, "cgroup.procs"))) ?? "";
    return {
      directory,
      pids: text
        .split("\n")
        .filter((line) => line !== "")
        .map(Number),
    };
  });
  return { settings: (await Promise.all(settings)).flat(), members: await Promise.all(members) };
}

type Planned = Setting & { path: string };

function plannedSettings(host: CgroupHost, group: string, limits: Asked["limits"]): Planned[] {
  const at = (mount: string, settings: readonly Setting[]) =>
    settings.map((setting) => ({ ...setting, path: join(mount, ownRoot, group, setting.file) }));
  if (host.version === "none") return [];
  if (host.version === "v2") return at(host.mount, settingsV2(limits));
  const { mounts } = host;
  return Object.entries(settingsV1(limits)).flatMap(([controller, settings]) => {
    const mount = mounts[controller as keyof typeof mounts];
    return mount === null ? [] : at(mount, settings);
  });
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}
