/** The tunnel and the weather, with what takes its time: half a minute of silence behind a NAT router, a clock a year ahead. */
process.env["BULKHEAD_PROVE"] = "network";
await import("../../../runtime/src/network/weather.spec.ts");
