/** The running system under proof, with the questions that several proofs ask of it. */
import type { StoredCommand, StoredLogLine } from "@bulkhead/kms";
import type { Command, ComponentStatus, DeviceStatus } from "@bulkhead/protocol";
import { eventually } from "../../studio/src/run/eventually.ts";
import type { Running } from "../../studio/src/run/launcher.ts";
import { type Neighbour, openNeighbour } from "./neighbour.ts";
import { type HostProcess, processesBelow } from "./processes.ts";

export type FirstLight = ReturnType<typeof firstLight>;

/** Wraps a running system. `scratch` is an empty directory for what proofs make. */
export function firstLight(running: Running, manifest: string, scratch: string) {
  const { client, provisioning, world } = running;
  const { deviceId } = provisioning;

  const status = async (): Promise<DeviceStatus> =>
    eventually("the device's status", 10_000, async () => (await client.status(deviceId)).status ?? undefined);

  const component = async (name: string): Promise<ComponentStatus> => {
    const found = (await status()).components.find((one) => one.name === name);
    if (!found) throw new Error(`the device reports no component ${name}`);
    return found;
  };

  /** All lines of a component that the KMS has, oldest first. */
  const lines = async (name?: string): Promise<StoredLogLine[]> =>
    (await client.logs(deviceId, { limit: 5000, ...(name ? { component: name } : {}) })).lines;

  /** The first line of a component that matches, waiting for it. */
  const line = (name: string, pattern: RegExp, timeoutMs = 15_000): Promise<StoredLogLine> =>
    eventually(`${name} to write ${pattern}`, timeoutMs, async () =>
      (await lines(name)).find((one) => pattern.test(one.text)),
    );

  /** Gives the device a command and waits for its end. */
  const command = async (body: Command, timeoutMs = 40_000): Promise<StoredCommand> => {
    const { id } = await client.command(deviceId, { command: body });
    return eventually(`an answer to ${body.kind}`, timeoutMs, async () => {
      const found = (await client.commands(deviceId)).find((one) => one.id === id);
      return found && !["pending", "delivered"].includes(found.state) ? found : undefined;
    });
  };

  /** A component's process as the host sees it: by its id in the device's pid namespace, the third of four from outside. */
  const processOf = async (name: string): Promise<HostProcess> => {
    const { pid } = await component(name);
    const found = (await processesBelow(world.pid)).find(
      ({ namespacePids }) => namespacePids.length === 4 && namespacePids[2] === pid,
    );
    if (!found) throw new Error(`no process of the host is process ${pid} of the device (${name})`);
    return found;
  };

  const untilReady = (): Promise<DeviceStatus> =>
    eventually("all components to be ready", 30_000, async () => {
      const device = await client.device(deviceId);
      const now = (await client.status(deviceId)).status;
      return device.connected && now?.components.every(({ state }) => state === "ready") ? now : undefined;
    });

  let opened: Promise<Neighbour> | undefined;
  /** A second device, brought up when first asked for. */
  const neighbour = (): Promise<Neighbour> => {
    opened ??= openNeighbour({ client, world, running });
    return opened;
  };

  return {
    neighbour,
    running,
    client,
    world,
    deviceId,
    manifest,
    scratch,
    status,
    component,
    lines,
    line,
    command,
    processOf,
    untilReady,
  };
}
