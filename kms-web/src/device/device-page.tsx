/** One device: what it runs, how it is, what it says, and what can be done to it. */
import { useDevice, useStatus } from "../api/queries.ts";
import type { Device } from "../api/types.ts";
import { Console } from "../console/console.tsx";
import { Note, ProblemNote } from "../parts/note.tsx";
import { BaseView } from "./base-view.tsx";
import { CommandList } from "./command-list.tsx";
import { ComponentTable } from "./component-table.tsx";
import { CrashList } from "./crash-list.tsx";
import { DeviceHead } from "./device-head.tsx";
import { EventList } from "./event-list.tsx";
import { GatewayView } from "./gateway-view.tsx";
import { GreenhouseView } from "./greenhouse-view.tsx";
import { HostView } from "./host-view.tsx";
import { ManifestView } from "./manifest-view.tsx";
import { Nudges } from "./nudges.tsx";
import { ReleaseList } from "./release-list.tsx";
import { ResourceTable } from "./resource-table.tsx";
import { TelemetryView } from "./telemetry-view.tsx";
import { VerificationView } from "./verification-view.tsx";

export function DevicePage({ id }: { id: string }) {
  const { data: device, error, isPending } = useDevice(id);
  if (isPending) return <Note>Loading…</Note>;
  if (!device) return <ProblemNote error={error} what="The device cannot be shown" />;
  return <DeviceView device={device} />;
}

function DeviceView({ device }: { device: Device }) {
  const { data, error } = useStatus(device.id);
  const status = data?.status ?? undefined;
  return (
    <>
      <DeviceHead device={device} status={status} />
      <Nudges device={device} status={status} />
      <VerificationView verification={status?.verification} />
      <GatewayView gateway={status?.gateway} />
      <BaseView base={status?.base} />
      <GreenhouseView deviceId={device.id} />
      <TelemetryView deviceId={device.id} />
      {error && !data && <ProblemNote error={error} what="The state of the device cannot be read" />}
      <ComponentTable device={device} status={status} receivedAtMs={data?.receivedAtMs ?? null} />
      <ResourceTable deviceId={device.id} />
      <CrashList deviceId={device.id} />
      <HostView layers={status?.host} />
      <Console deviceId={device.id} />
      <ReleaseList device={device} />
      <CommandList deviceId={device.id} />
      <ManifestView deviceId={device.id} status={status} />
      <EventList deviceId={device.id} />
    </>
  );
}
