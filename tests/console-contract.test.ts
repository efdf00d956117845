/** The console's view of the API is the KMS's: the types fit, and what the console is tested against the KMS could send. */
import { expect, expectTypeOf, test } from "vitest";
import * as kms from "../kms/src/api/index.ts";
import * as fixture from "../kms-web/browser-test/fixture.ts";
import type * as console from "../kms-web/src/api/types.ts";

test("[M20] everything that the console reads, the KMS answers", () => {
  expectTypeOf<kms.Device>().toExtend<console.Device>();
  expectTypeOf<kms.StatusAnswer>().toExtend<console.StatusAnswer>();
  expectTypeOf<kms.ManifestAnswer>().toExtend<console.ManifestAnswer>();
  expectTypeOf<kms.CrashesAnswer>().toExtend<console.CrashesAnswer>();
  expectTypeOf<kms.ResourcesAnswer>().toExtend<console.ResourcesAnswer>();
  expectTypeOf<kms.TelemetryOfDevice>().toExtend<console.TelemetryOfDevice>();
  expectTypeOf<kms.LogAnswer>().toExtend<console.LogAnswer>();
  expectTypeOf<kms.DeviceEvent>().toExtend<console.DeviceEvent>();
  expectTypeOf<kms.StoredCommand>().toExtend<console.StoredCommand>();
  expectTypeOf<kms.ReleaseSummary>().toExtend<console.Release>();
  expectTypeOf<kms.Health>().toExtend<console.Health>();
  expectTypeOf<kms.TelemetryAnswer>().toExtend<console.TelemetryAnswer>();
  expectTypeOf<kms.KmsEvent>().toExtend<console.KmsEvent>();
});

test("[M20] what the console is tested against, the KMS could send", () => {
  const { device, status, manifest, commands, events, releases, telemetry, logLines, health, deviceId } = fixture;
  kms.healthSchema.parse(health);
  kms.deviceListSchema.parse({ devices: [device, fixture.offlineDevice] });
  kms.statusAnswerSchema.parse({ status, receivedAtMs: 0 });
  kms.manifestAnswerSchema.parse({ manifest, receivedAtMs: 0 });
  kms.resourcesAnswerSchema.parse({ resources: fixture.resources, receivedAtMs: 0 });
  kms.commandListSchema.parse({ commands });
  kms.deviceEventListSchema.parse({ events });
  kms.releaseListSchema.parse({ releases });
  kms.telemetryAnswerSchema.parse({ topics: [{ deviceId, topic: "a", messages: telemetry }] });
  kms.telemetryOfDeviceSchema.parse(fixture.readings);
  kms.logAnswerSchema.parse({ lines: logLines, dropped: 0 });
});

test("[M15] [M16] the commands that the console sends, the KMS takes", () => {
  for (const command of [
    { kind: "restart-component", component: "moisture" },
    { kind: "restart-runtime" },
    { kind: "deploy", target: "greenhouse-4.json", releaseDigest: "a7".repeat(32) },
  ]) {
    expect(kms.commandRequestSchema.parse({ command }).command).toEqual(command);
  }
});
