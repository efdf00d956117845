/** Whatever is put together of valid parts: a valid system, or coded errors inside the file. Nothing is ever thrown. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { expectAnswer } from "./answer.ts";
import { compileText } from "./boards.ts";

vi.setConfig({ testTimeout: 60_000 });

// Few names, so that parts meet each other.
const name = fc.constantFrom("a", "b", "c", "i2c", "gpio", "plant");
const service = fc.constantFrom("s", "t", "device", "line", "bus", "pins");
const reference = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(name, service).map(([provider, provided]) => `${provider}.${provided}`) },
  fc.constantFrom("clock-server.time", "scheduler-server.report", "key-store.tunnel", "clock-server.tick"),
);
const duration = fc.constantFrom("2us", "100us", "1ms", "10ms", "1s", "5s", "60s", "1440min");
const size = fc.constantFrom("1B", "4Ki", "6Ki", "1Mi", "16Mi", "32Mi", "64Mi", "1Gi", "4Gi");
const share = fc.constantFrom("1%", "100%", "101%", "10000%");
const optional = <T extends Record<string, fc.Arbitrary<unknown>>>(parts: T) => fc.record(parts, { requiredKeys: [] });

const grant = fc.constantFrom(
  {},
  { bus: 2, address: 0x48, access: "read" },
  { bus: 9, address: 0x48, access: "read-write" },
  { pin: "P1", direction: "out" },
  { pin: "P3", direction: "in" },
  { pin: "P9_12", direction: "out" },
  { any: [1, null, { deep: true }] },
);
const use = fc.oneof(
  reference,
  fc.record(
    {
      from: reference,
      grant,
      dependency: fc.constantFrom("strong", "weak"),
      operations: fc.array(fc.constantFrom("read", "write"), { minLength: 1, maxLength: 3 }),
      inspect: fc.boolean(),
      rate: fc.constantFrom("1/s", "999999/s"),
      lease: size,
    },
    { requiredKeys: ["from"] },
  ),
);
const cores = fc.array(fc.nat(4), { minLength: 1, maxLength: 3 });
const cpu = fc.oneof(
  fc.record(
    { class: fc.constant("fair"), weight: fc.nat(9999).map((n) => n + 1), quota: share, cores },
    {
      requiredKeys: ["class"],
    },
  ),
  fc.record(
    { class: fc.constant("deadline"), budget: duration, period: duration, cores },
    {
      requiredKeys: ["class", "budget", "period"],
    },
  ),
);
const restart = optional({
  policy: fc.constantFrom("permanent", "transient", "temporary"),
  intensity: fc.nat(3),
  period: duration.filter((text) => !text.endsWith("us")),
  hold: fc.boolean(),
  escalate: fc.constantFrom("group", "safe-mode", "previous-generation", "reboot"),
});
const component = fc.record(
  {
    image: fc.constantFrom("./one", "./two", "./absent", "driver:i2c", "driver:gpio", "driver:spi"),
    runner: fc.constantFrom("node", "bun", "worker", "native", "beam", "vm"),
    environment: fc.constantFrom("hosted", "freestanding"),
    "trust-group": fc.constantFrom("x", "y"),
    provides: fc.dictionary(service, fc.constantFrom("i", "j", "simulated-bus", "simulated-pins"), { maxKeys: 3 }),
    uses: fc.dictionary(fc.constantFrom("u", "v", "plant"), use, { maxKeys: 3 }),
    devices: fc.array(fc.constantFrom("i2c-1", "i2c-2", "gpio", "none"), { maxLength: 3 }),
    network: fc.array(fc.constantFrom("mqtt", "http", "kms"), { maxLength: 2 }),
    cpu,
    memory: size,
    processes: fc.integer({ min: 1, max: 40 }),
    storage: fc.record({ quota: size, keep: fc.boolean() }, { requiredKeys: ["quota"] }),
    restart,
    spare: fc.boolean(),
    trace: optional({ ring: size, on: fc.boolean() }),
    attach: fc.array(fc.constantFrom("inspector", "gdb"), { maxLength: 2 }),
    secrets: fc.array(fc.constantFrom("mqtt-password", "signing-key", "unknown"), { maxLength: 2 }),
    requires: fc.array(fc.constantFrom("own-uid", "cores", "deadline"), { maxLength: 2 }),
    config: fc.constantFrom({ a: 1 }, { a: "x", b: true }),
    overlayable: optional({
      config: fc.constantFrom({ a: { type: "integer", min: 0, max: 2 } }, { b: { type: "boolean" } }),
      memory: fc.record({ max: size }),
      network: fc.constant(true),
    }),
  },
  { requiredKeys: ["image"] },
);
/** Nothing that a rule could refuse: without such ones hardly a system of the others would stand. */
const modest = fc.record(
  {
    image: fc.constantFrom("./one", "./two"),
    memory: fc.constantFrom("16Mi", "32Mi"),
    restart: optional({ hold: fc.boolean() }),
  },
  { requiredKeys: ["image"] },
);
const end = fc.oneof(name, fc.constantFrom("network", "mqtt", "u", "P1", "i2c-2", "mqtt-password", "toString"));
const assertion = fc.record(
  { from: end, to: end, "except-through": fc.oneof(end, fc.array(end, { minLength: 1, maxLength: 2 })) },
  { requiredKeys: ["from", "to"] },
);
const manifest = fc.record(
  {
    system: fc.constant("parts"),
    version: fc.constant("1.0.0"),
    board: fc.constantFrom("open", "open", "open", "virtual", "closed", "open-armhf", "beaglebone-black", "absent"),
    "unsigned-commands": fc.boolean(),
    sleep: fc.constantFrom({ every: "60s", awake: "5s" }, { every: "5s", awake: "60s" }),
    update: optional({ restart: fc.constantFrom("all", "changed"), window: fc.constant("60s"), kms: fc.boolean() }),
    store: optional({ telemetry: size, logs: size, trace: size }),
    "shared-secrets": fc.array(fc.constantFrom("mqtt-password", "signing-key"), { maxLength: 2 }),
    components: fc.oneof(
      { weight: 3, arbitrary: fc.dictionary(name, component, { maxKeys: 5 }) },
      { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("a", "b", "c"), modest, { minKeys: 1, maxKeys: 3 }) },
    ),
    assert: fc.array(fc.record({ "no-flow": assertion }), { maxLength: 2 }),
  },
  { requiredKeys: ["system", "version", "board", "components"] },
);

test("[K1] any manifest of valid parts gives a valid system or coded errors with places inside the file", () => {
  const codes = new Set<string>();
  let valid = 0;
  fc.assert(
    fc.property(manifest, (data) => {
      const text = stringify(data);
      const compiled = compileText(text);
      expectAnswer(compiled, text);
      if ("plan" in compiled) valid += 1;
      else for (const { code } of compiled.errors) codes.add(code);
    }),
    { numRuns: 600 },
  );
  // The parts are worth something: some systems stand, and most rules are met.
  expect(valid).toBeGreaterThan(0);
  expect(codes.size).toBeGreaterThan(8);
});
