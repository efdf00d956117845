/** `bulkhead device`: what the management service knows of its devices, and what it can ask of them. */
import { defineCommand } from "citty";

export const command = defineCommand({
  meta: { name: "device", description: "The devices of the running management service." },
  // Loaded when called: most of them neither sign nor encrypt, and what does takes longer to load than they take.
  subCommands: {
    ls: () => import("./list.ts").then(({ list }) => list),
    show: () => import("./show.ts").then(({ show }) => show),
    logs: () => import("./logs.ts").then(({ logs }) => logs),
    crashes: () => import("./crashes.ts").then(({ crashes }) => crashes),
    restart: () => import("./restart.ts").then(({ restart }) => restart),
    state: () => import("./state.ts").then(({ state }) => state),
    telemetry: () => import("./telemetry.ts").then(({ telemetry }) => telemetry),
    trace: () => import("./trace.ts").then(({ trace }) => trace),
    verify: () => import("./verify.ts").then(({ verify }) => verify),
    attach: () => import("./attach.ts").then(({ attach }) => attach),
    record: () => import("./record.ts").then(({ record }) => record),
    secret: () => import("./secret.ts").then(({ secret }) => secret),
    token: () => import("./token.ts").then(({ token }) => token),
    withdraw: () => import("./withdraw.ts").then(({ withdraw }) => withdraw),
    admit: () => import("./admit.ts").then(({ admit }) => admit),
    import: () => import("./import.ts").then(({ importFile }) => importFile),
    "reset-tunnel": () => import("./reset-tunnel.ts").then(({ resetTunnel }) => resetTunnel),
  },
});
