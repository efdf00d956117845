/** The device's way out while it runs: the tunnel's end in the router, the uplink's rules, and who is asked for name and time. */
import { createAskers } from "../compartment/index.ts";
import { type Device, resolverUid, type UidOf } from "../device/index.ts";
import { createTunnelEnd, createUplink, type NetworkPlan, type Uplink } from "../network/index.ts";
import type { Runner } from "../processes/index.ts";
import { firstUplinkOf } from "./first.ts";

export type WayOut = Pick<Uplink, "plan" | "status" | "hear"> & {
  /** The network server is ready: it has made a new interface. */
  attach(): Promise<void>;
  /** The clock server is ready. */
  beginTime(): void;
  stop(): void;
};

type Means = {
  readonly device: Device;
  readonly uidOf: UidOf;
  readonly steps: NetworkPlan["tunnel"];
  readonly runner: () => Pick<Runner, "send" | "fault">;
  /** The state has other things to show. */
  readonly onChange: () => void;
};

export function openWayOut(
  { device, uidOf, steps, runner, onChange }: Means,
  pad: Parameters<typeof createAskers>[0],
  launch: Parameters<typeof createAskers>[1],
): WayOut {
  const { config, provisioning, log } = device;
  const toolsUid = uidOf("network");
  const askers = createAskers(pad, launch, (time) => runner().send("clock-server", "time", time));
  const tunnel = createTunnelEnd(steps, { toolsUid }, (reading) => runner().send("network", "tunnel", reading));
  const uplink = createUplink({
    ...{ provisioning, first: firstUplinkOf(device), toolsUid, onChange, ask: askers.name, log: log.line },
    ...{ resolvers: config.resolvers, resolverUid: resolverUid(config.uidBase) },
    tell: (kind, body) => runner().send("network", kind, body),
    onRefused: (what) => runner().fault("network", what),
  });
  return {
    ...{ plan: uplink.plan, status: uplink.status, hear: uplink.hear, beginTime: askers.time.begin },
    async attach() {
      await tunnel.attach().then(uplink.attached, (error: Error) => {
        runner().fault("network", `made a tunnel that ${error.message}`);
      });
    },
    stop() {
      for (const part of [tunnel, uplink, askers.time]) part.stop();
    },
  };
}
