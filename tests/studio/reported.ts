/** What a device says of one of its components. */
import type { Running } from "../../studio/src/run/launcher.ts";

export async function reportedComponent({ client, provisioning }: Running, component: string) {
  const { status } = await client.status(provisioning.deviceId);
  const found = status?.components.find((one) => one.name === component);
  if (!found) throw new Error(`the device reports no component ${component}`);
  return found;
}
