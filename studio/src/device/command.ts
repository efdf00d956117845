/** `bulkhead device`: what the management service knows of its devices, and what it can ask of them. */
import { defineCommand } from "citty";
import { admit } from "./admit.ts";
import { attach } from "./attach.ts";
import { crashes } from "./crashes.ts";
import { importFile } from "./import.ts";
import { list } from "./list.ts";
import { logs } from "./logs.ts";
import { record } from "./record.ts";
import { resetTunnel } from "./reset-tunnel.ts";
import { restart } from "./restart.ts";
import { secret } from "./secret.ts";
import { show } from "./show.ts";
import { state } from "./state.ts";
import { telemetry } from "./telemetry.ts";
import { token } from "./token.ts";
import { trace } from "./trace.ts";
import { verify } from "./verify.ts";

export const command = defineCommand({
  meta: { name: "device", description: "The devices of the running management service." },
  subCommands: {
    ls: list,
    show,
    logs,
    crashes,
    restart,
    state,
    telemetry,
    trace,
    verify,
    attach,
    record,
    secret,
    token,
    admit,
    import: importFile,
    "reset-tunnel": resetTunnel,
  },
});
