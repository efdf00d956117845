import { conformance } from "./conformance.ts";
import { simulatedSerial } from "./simulated.ts";

conformance("board virtual", async () => ({
  create: simulatedSerial,
  port: "ttyS4",
  close: async () => {},
}));
