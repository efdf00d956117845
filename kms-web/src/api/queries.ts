/** The questions that the console asks, one hook each. */

import type { Command } from "@bulkhead/protocol";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "./client.ts";
import type {
  CrashesAnswer,
  Device,
  DeviceEvent,
  Health,
  ManifestAnswer,
  Release,
  ResourcesAnswer,
  StatusAnswer,
  StoredCommand,
  TelemetryAnswer,
  TelemetryOfDevice,
} from "./types.ts";

export const useHealth = () => useQuery({ queryKey: ["health"], queryFn: () => get<Health>("/health") });

export const useDevices = () =>
  useQuery({ queryKey: ["devices"], queryFn: async () => (await get<{ devices: Device[] }>("/devices")).devices });

export const useDevice = (id: string) =>
  useQuery({
    queryKey: ["device", id],
    queryFn: async () => (await get<{ device: Device }>(`/devices/${id}`)).device,
  });

export const useStatus = (id: string) =>
  useQuery({ queryKey: ["status", id], queryFn: () => get<StatusAnswer>(`/devices/${id}/status`) });

export const useManifest = (id: string) =>
  useQuery({ queryKey: ["manifest", id], queryFn: () => get<ManifestAnswer>(`/devices/${id}/manifest`) });

/** The device reports it at this pace, and no event says so. */
const resourcesMs = 10_000;
export const useResources = (id: string) =>
  useQuery({
    queryKey: ["resources", id],
    queryFn: () => get<ResourcesAnswer>(`/devices/${id}/resources`),
    refetchInterval: resourcesMs,
  });

/** Crashes are rare, and an event tells of each; this is for one that was missed. */
const crashesMs = 30_000;
export const useCrashes = (id: string) =>
  useQuery({
    queryKey: ["crashes", id],
    queryFn: () => get<CrashesAnswer>(`/devices/${id}/crashes`),
    refetchInterval: crashesMs,
  });

/** No event tells of samples: there may be many a second. */
const telemetryMs = 5_000;
export const useDeviceTelemetry = (id: string) =>
  useQuery({
    queryKey: ["device-telemetry", id],
    queryFn: () => get<TelemetryOfDevice>(`/devices/${id}/telemetry`),
    refetchInterval: telemetryMs,
  });

export const useDeviceEvents = (id: string) =>
  useQuery({
    queryKey: ["events", id],
    queryFn: async () => (await get<{ events: DeviceEvent[] }>(`/devices/${id}/events`)).events,
  });

export const useCommands = (id: string) =>
  useQuery({
    queryKey: ["commands", id],
    queryFn: async () => (await get<{ commands: StoredCommand[] }>(`/devices/${id}/commands`)).commands,
  });

export const useReleases = () =>
  useQuery({ queryKey: ["releases"], queryFn: async () => (await get<{ releases: Release[] }>("/releases")).releases });

/** Asked for once: events carry every message after that, and the console keeps more of them than the KMS does. */
export const useTelemetry = () =>
  useQuery({
    queryKey: ["telemetry"],
    queryFn: () => get<TelemetryAnswer>("/telemetry"),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });

/** Hands a command to the KMS, which brings it to the device; the result arrives as an event. */
export function useSendCommand(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (command: Command) => post<{ command: StoredCommand }>(`/devices/${id}/commands`, { command }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["commands", id] }),
  });
}
