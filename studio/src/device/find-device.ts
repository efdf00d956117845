/** What a person calls a device: its id, the beginning of its id, or its name. */
import type { Device } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { printable } from "../cli/printable.ts";

type Named = Pick<Device, "id" | "name">;

/** The device that `wanted` means. An id goes before a name, a name before the beginning of an id. Throws NOT_FOUND, USAGE. */
export function findDevice<D extends Named>(devices: readonly D[], wanted: string): D {
  const groups = [
    devices.filter(({ id }) => id === wanted),
    devices.filter(({ name }) => name === wanted),
    devices.filter(({ id }) => wanted !== "" && id.startsWith(wanted)),
  ];
  const found = groups.find((group) => group.length > 0) ?? [];
  const [device] = found;
  if (device === undefined) throw notFound(devices, wanted);
  if (found.length === 1) return device;
  throw new BulkheadError("USAGE", `${wanted} could be ${found.map(describe).join(" or ")}`, {
    remedy: "give the whole id",
  });
}

/** The same, of the devices that the server has now; as it is shown to people. */
export async function lookUpDevice(client: Pick<StudioClient, "devices">, wanted: string): Promise<Device> {
  return asShown(findDevice(await client.devices(), wanted));
}

/** What a device is called is the service's word, which is not to steer a terminal. */
export function asShown<D extends Named>(device: D): D {
  return { ...device, id: printable(device.id), name: printable(device.name) };
}

function notFound(devices: readonly Named[], wanted: string): BulkheadError {
  const remedy =
    devices.length === 0 ? "no device is enrolled yet" : `there is ${devices.slice(0, 20).map(describe).join(", ")}`;
  return new BulkheadError("NOT_FOUND", `there is no device ${wanted}`, { remedy });
}

function describe(device: Named): string {
  const { id, name } = asShown(device);
  return `${name} (${id})`;
}
