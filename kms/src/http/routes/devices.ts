/** /api/v1/devices: enrol, look, delete. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import {
  crashesAnswerSchema,
  deviceAnswerSchema,
  deviceEventListSchema,
  deviceListSchema,
  enrolAnswerSchema,
  enrolRequestSchema,
  logAnswerSchema,
  logQuerySchema,
  manifestAnswerSchema,
  observationAnswerSchema,
  observationParams,
  resourcesAnswerSchema,
  statusAnswerSchema,
  telemetryOfDeviceSchema,
  telemetryQuerySchema,
  traceAnswerSchema,
  traceQuerySchema,
} from "../../api/index.ts";
import { deleteDevice, enrolDevice, getDevice, listDevices, listEvents, provisioningOf } from "../../devices/index.ts";
import { describeDevice, type Kms, noteEvent, publishDevice } from "../../kms.ts";
import { readLogs } from "../../logs/index.ts";
import { readLosses } from "../../losses/index.ts";
import { projectRoot } from "../../releases/index.ts";
import { readTelemetry } from "../../telemetry/index.ts";
import { readTraces } from "../../traces/index.ts";
import { answers, deviceParams, jsonBody } from "./answers.ts";

const one = { request: { params: deviceParams }, tags: ["devices"] };

export const deviceRoutes = {
  list: createRoute({
    method: "get",
    path: "/api/v1/devices",
    operationId: "listDevices",
    tags: ["devices"],
    summary: "All devices, in the order in which they were enrolled",
    responses: answers(deviceListSchema, "The devices"),
  }),
  enrol: createRoute({
    method: "post",
    path: "/api/v1/devices",
    operationId: "enrolDevice",
    tags: ["devices"],
    summary: "Register a device by its two public keys",
    request: jsonBody(enrolRequestSchema),
    responses: answers(enrolAnswerSchema, "What the device must be told"),
  }),
  get: createRoute({
    ...one,
    method: "get",
    path: "/api/v1/devices/{id}",
    operationId: "getDevice",
    summary: "One device",
    responses: answers(deviceAnswerSchema, "The device"),
  }),
  delete: createRoute({
    ...one,
    method: "delete",
    path: "/api/v1/devices/{id}",
    operationId: "deleteDevice",
    summary: "Take a device out of the registry and the tunnel, with everything stored for it",
    responses: answers(z.object({ deleted: z.string() }), "The device's id"),
  }),
  resetTunnel: createRoute({
    ...one,
    method: "post",
    path: "/api/v1/devices/{id}/reset-tunnel",
    operationId: "resetTunnel",
    summary: "Let a device in again whose clock went back behind its last handshake",
    responses: answers(z.object({ reset: z.string() }), "The device's id"),
  }),
  status: createRoute({
    ...one,
    method: "get",
    path: "/api/v1/devices/{id}/status",
    operationId: "getDeviceStatus",
    summary: "The status that the device last reported",
    responses: answers(statusAnswerSchema, "The status; null before the first report"),
  }),
  manifest: createRoute({
    ...one,
    method: "get",
    path: "/api/v1/devices/{id}/manifest",
    operationId: "getDeviceManifest",
    summary: "The system that the device runs",
    responses: answers(manifestAnswerSchema, "The manifest; null before the first report"),
  }),
  resources: createRoute({
    ...one,
    method: "get",
    path: "/api/v1/devices/{id}/resources",
    operationId: "getDeviceResources",
    summary: "What each component may take of processor and memory, what the kernel enforces, and what it takes",
    responses: answers(resourcesAnswerSchema, "The newest report; null before the first"),
  }),
  crashes: createRoute({
    ...one,
    method: "get",
    path: "/api/v1/devices/{id}/crashes",
    operationId: "getDeviceCrashes",
    summary: "The last crashes of its components: reason, stack, last lines, limits and memory",
    responses: answers(crashesAnswerSchema, "The records; null before the device told of them"),
  }),
  observation: createRoute({
    ...{ method: "get", path: "/api/v1/devices/{id}/observations/{kind}", operationId: "getDeviceObservation" },
    ...{ request: { params: observationParams }, tags: ["devices"] },
    summary: "What the device last showed of itself when a command asked for it: its whole state, or its trace",
    responses: answers(observationAnswerSchema, "The newest; null where it was never asked"),
  }),
  telemetry: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}/telemetry",
    operationId: "getDeviceTelemetry",
    tags: ["devices"],
    summary: "What its components measured: the newest samples of each stream, and what was lost",
    request: { params: deviceParams, query: telemetryQuerySchema },
    responses: answers(telemetryOfDeviceSchema, "The streams"),
  }),
  traces: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}/traces",
    operationId: "getDeviceTraces",
    tags: ["devices"],
    summary: "What its components recorded while their trace was on, as it was forwarded, and what was lost",
    request: { params: deviceParams, query: traceQuerySchema },
    responses: answers(traceAnswerSchema, "The segments"),
  }),
  logs: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}/logs",
    operationId: "getDeviceLogs",
    tags: ["devices"],
    summary: "Console lines, oldest first",
    request: { params: deviceParams, query: logQuerySchema },
    responses: answers(logAnswerSchema, "The lines"),
  }),
  events: createRoute({
    ...one,
    method: "get",
    path: "/api/v1/devices/{id}/events",
    operationId: "getDeviceEvents",
    summary: "Connections and refusals, newest first",
    responses: answers(deviceEventListSchema, "The events"),
  }),
};

export function serveDevices(app: OpenAPIHono, kms: Kms): void {
  const { database, scope } = kms;
  app.openapi(deviceRoutes.list, async (context) => {
    const rows = await listDevices(database, scope);
    return context.json({ devices: rows.map((row) => describeDevice(kms, row)) }, 200);
  });
  app.openapi(deviceRoutes.enrol, async (context) => {
    // Before anything is stored: without a root the device could trust no release.
    const tufRoot = await projectRoot(database, scope);
    const row = await enrolDevice(database, scope, context.req.valid("json"), kms.instance.tunnelKey);
    kms.tunnels.push();
    await publishDevice(kms, row.id);
    return context.json({ provisioning: provisioningOf(row, kms.instance, kms.config, tufRoot) }, 200);
  });
  app.openapi(deviceRoutes.get, async (context) => {
    const row = await getDevice(database, scope, context.req.valid("param").id);
    return context.json({ device: describeDevice(kms, row) }, 200);
  });
  app.openapi(deviceRoutes.delete, async (context) => {
    const { id } = context.req.valid("param");
    await deleteDevice(database, scope, id);
    kms.tunnels.push();
    kms.sessions.of(id)?.close("this device was deleted");
    kms.broker.telemetry.forget(id);
    kms.resources.forget(id);
    kms.crashes.forget(id);
    kms.observations.forget(id);
    kms.events.publish({ type: "device-removed", deviceId: id });
    return context.json({ deleted: id }, 200);
  });
  app.openapi(deviceRoutes.resetTunnel, async (context) => {
    const { id, tunnelKey } = await getDevice(database, scope, context.req.valid("param").id);
    await kms.tunnels.reset(tunnelKey);
    await noteEvent(kms, id, "TUNNEL_RESET", "somebody with access to this service let the device in anew");
    return context.json({ reset: id }, 200);
  });
  serveReports(app, kms);
  serveForwarded(app, kms);
}

/** What devices store while they are not connected, and bring. */
function serveForwarded(app: OpenAPIHono, { database, scope }: Kms): void {
  app.openapi(deviceRoutes.telemetry, async (context) => {
    const { id, system } = await getDevice(database, scope, context.req.valid("param").id);
    const streams = await readTelemetry(database, scope, id, context.req.valid("query"), system);
    return context.json({ streams, losses: await readLosses(database, scope, id, "telemetry") }, 200);
  });
  app.openapi(deviceRoutes.traces, async (context) => {
    const { id } = await getDevice(database, scope, context.req.valid("param").id);
    const segments = await readTraces(database, scope, id, context.req.valid("query").component);
    return context.json({ segments, losses: await readLosses(database, scope, id, "trace") }, 200);
  });
}

function serveReports(app: OpenAPIHono, { database, scope, resources, crashes, observations }: Kms): void {
  app.openapi(deviceRoutes.status, async (context) => {
    const { status, statusAtMs } = await getDevice(database, scope, context.req.valid("param").id);
    return context.json({ status, receivedAtMs: statusAtMs }, 200);
  });
  app.openapi(deviceRoutes.manifest, async (context) => {
    const { system, systemAtMs } = await getDevice(database, scope, context.req.valid("param").id);
    return context.json({ manifest: system, receivedAtMs: systemAtMs }, 200);
  });
  app.openapi(deviceRoutes.resources, async (context) => {
    const { id } = await getDevice(database, scope, context.req.valid("param").id);
    return context.json(resources.of(id), 200);
  });
  app.openapi(deviceRoutes.crashes, async (context) => {
    const { id } = await getDevice(database, scope, context.req.valid("param").id);
    return context.json(crashes.of(id), 200);
  });
  app.openapi(deviceRoutes.observation, async (context) => {
    const { id, kind } = context.req.valid("param");
    await getDevice(database, scope, id);
    return context.json(observations.of(id, kind), 200);
  });
  app.openapi(deviceRoutes.logs, async (context) => {
    const device = await getDevice(database, scope, context.req.valid("param").id);
    const lines = await readLogs(database, scope, device.id, context.req.valid("query"));
    return context.json({ lines, dropped: device.logsDropped }, 200);
  });
  app.openapi(deviceRoutes.events, async (context) => {
    const device = await getDevice(database, scope, context.req.valid("param").id);
    return context.json({ events: await listEvents(database, scope, device.id) }, 200);
  });
}
