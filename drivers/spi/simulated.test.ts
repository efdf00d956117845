import { conformance } from "./conformance.ts";
import { simulatedSpi } from "./simulated.ts";

conformance("a loop in memory", { create: simulatedSpi, device: "spi-0.0" });
