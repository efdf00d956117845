/** The client's end of an I2C channel through the driver server, on whatever bus: what a chip driver has in a system. */
import type { I2cDeviceGrant } from "@bulkhead/protocol";
import { startComponent } from "@bulkhead/sdk/testing";
import type { I2cDriver } from "../../i2c/driver.ts";
import { i2cDriver } from "../../i2c/server.ts";
import type { I2cDevice } from "../device.ts";

export async function clientOn(driver: I2cDriver, grant: I2cDeviceGrant): Promise<I2cDevice> {
  const server = await startComponent(
    i2cDriver(() => driver),
    { uses: {} },
  );
  return server.connect("device", { grant }).client;
}
