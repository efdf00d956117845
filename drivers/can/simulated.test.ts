import { conformance } from "./conformance.ts";
import { simulatedCan } from "./simulated.ts";

conformance("a bus in memory", { create: simulatedCan, sender: "can-0", receiver: "can-0" });
