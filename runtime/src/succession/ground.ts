/**
 * What the components of a generation stand on: directories, leases, storage, logs, network. Laid once per start; changed in place
 * when a generation takes over while components of the one before go on.
 */
import {
  changeChannelDirectories,
  changeLeases,
  type LogFifos,
  makeChannelDirectories,
  makeLeases,
  makeOwnDirectories,
  type OwnDirectories,
  prepareStores,
  runtimeLogName,
} from "../compartment/index.ts";
import { type Device, type UidOf, uidTable } from "../device/index.ts";
import type { GenerationRecord } from "../generations/index.ts";
import {
  applySteps,
  createNamespaces,
  deleteNamespaces,
  type NetworkPlan,
  planNetwork,
  planNetworkChange,
} from "../network/index.ts";
import { firstUplinkOf } from "../outside/index.ts";
import { keepToCores } from "../sandbox/index.ts";
import { sharedUids } from "../trust-groups/index.ts";
import type { Running } from "./footprint.ts";

export type Ground = {
  readonly own: OwnDirectories;
  readonly uidOf: UidOf;
  readonly network: NetworkPlan;
  /** Nothing of a component may run. */
  remove(): Promise<void>;
};

type Means = {
  readonly device: Device;
  readonly fifos: LogFifos;
  readonly record: GenerationRecord;
};

/** For the first generation of a root server, or one of which nothing of the one before goes on. */
export async function layGround({ device, fifos, record }: Means, running: Running): Promise<Ground> {
  const { system } = running.release;
  const { paths } = device;
  const uidOf = uidsOf(device, record, running);
  await keepToCores(system.housekeepingCores, device.host);
  await prepareStores(paths, uidOf);
  await makeChannelDirectories(paths, system, uidOf);
  await makeLeases(paths, system);
  await fifos.ensure([runtimeLogName, ...system.startOrder], uidOf("serial-server"));
  const own = await makeOwnDirectories(device, system, running.installed.generation, record, uidOf);
  const network = planNetwork(system, device.provisioning, firstUplinkOf(device));
  try {
    await createNamespaces(network.namespaces);
    await applySteps(network.board, { toolsUid: uidOf("network") });
  } catch (error) {
    await deleteNamespaces(network.namespaces);
    await own.remove();
    throw error;
  }
  return groundOf(own, uidOf, network);
}

/**
 * From `before` to `after`; all components but `staying` have ended. Where it throws, neither of the two can run on it: it has to be
 * removed, and laid anew.
 */
export async function changeGround(
  { device, fifos, record }: Means,
  { ground, ...before }: Running & { readonly ground: Ground },
  after: Running,
  staying: readonly string[],
): Promise<Ground> {
  const { system } = after.release;
  const { paths, provisioning } = device;
  const uidOf = uidsOf(device, record, after);
  const change = planNetworkChange(before.release.system, system, provisioning);
  await changeChannelDirectories(paths, before.release.system, system, staying, uidOf);
  await changeLeases(paths, before.release.system, system, staying);
  await fifos.ensure([runtimeLogName, ...system.startOrder], uidOf("serial-server"));
  const earlier = { system: before.release.system, own: ground.own };
  const own = await makeOwnDirectories(device, system, after.installed.generation, record, uidOf, earlier);
  const tools = { toolsUid: uidOf("network") };
  await applySteps(change.clearing, tools);
  await deleteNamespaces(change.leaving);
  await createNamespaces(change.coming);
  await applySteps(change.steps, tools);
  return groundOf(own, uidOf, planNetwork(system, provisioning, firstUplinkOf(device)));
}

function uidsOf({ config }: Device, record: GenerationRecord, { release }: Running): UidOf {
  return sharedUids(release.system, uidTable(config.uidBase, record.uidNumbers));
}

function groundOf(own: OwnDirectories, uidOf: UidOf, network: NetworkPlan): Ground {
  return {
    ...{ own, uidOf, network },
    async remove() {
      await deleteNamespaces(network.namespaces);
      await own.remove();
    },
  };
}
