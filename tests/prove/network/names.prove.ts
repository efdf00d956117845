/** A gateway's name, with what takes its time: resolvers that lie or talk nonsense, and a gateway that moves while the tunnel stands. */
process.env["BULKHEAD_PROVE"] = "network";
await import("../../../runtime/src/network/names.spec.ts");
