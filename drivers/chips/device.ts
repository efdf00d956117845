/** What a chip driver has: the client's end of an `i2c-device` channel, of which it is told neither bus nor address. */
import type { Client } from "@bulkhead/sdk";
import type { i2cDeviceInterface } from "../i2c/interface.ts";

export type I2cDevice = Omit<Client<typeof i2cDeviceInterface>, "channel">;
