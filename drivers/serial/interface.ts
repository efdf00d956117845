/** One serial port. The interface is the SDK's, because the serial server, which knows no driver, is a client of it too. */
export { maxSerialWriteBytes, type SerialSettings, serialPortInterface, serialSettings } from "@bulkhead/sdk";
