/** What `no-flow` takes for a way, and what not. */
import { describe, expect, test } from "vitest";
import { compileText } from "./boards.ts";

const system = `system: flows
version: 1.0.0
board: virtual
components:
  plant: { image: ./plant, provides: { bus: simulated-bus, pins: simulated-pins } }
  i2c: { image: driver:i2c, devices: [i2c-2], uses: { plant: plant.bus } }
  sensor: { image: ./a, provides: { reading: reading }, uses: { chip: { from: i2c.device, grant: { bus: 2, address: 0x48, access: read } } } }
  control: { image: ./b, uses: { reading: sensor.reading, clock: clock-server.time, out: { from: telemetry.publish, dependency: weak } } }
  telemetry: { image: ./c, provides: { publish: telemetry }, network: [mqtt], secrets: [mqtt-password] }
  probe: { image: ./e, uses: { out: { from: serial-server.samples, grant: { streams: { heat: { unit: W } } } } } }
  lonely: { image: ./d, uses: { clock: clock-server.time } }
assert:
`;

function holds(assertion: string): boolean {
  const compiled = compileText(`${system}  - no-flow: { ${assertion} }\n`);
  if ("plan" in compiled) return true;
  expect(compiled.errors.map(({ code }) => code)).toEqual(["MANIFEST_FLOW_FORBIDDEN"]);
  return false;
}

describe("no-flow", () => {
  test.each([
    ["results flow from a provider to its client", "from: sensor, to: control"],
    ["arguments flow from a client to its provider", "from: control, to: sensor"],
    ["a network is a way in and out", "from: network, to: control"],
    ["a proxy has a name", "from: control, to: mqtt"],
    ["a driver is reached by its clients", "from: sensor, to: i2c"],
    ["a device is reached by way of its grant", "from: control, to: i2c-2"],
    ["a simulated device leads on to its plant", "from: control, to: plant"],
    ["a core server is reached by its clients", "from: lonely, to: clock-server"],
    ["what is published as telemetry leaves the device", "from: probe, to: network"],
    ["a channel is on the way", "from: telemetry, to: sensor.chip"],
    ["who holds a secret can pass it on", "from: mqtt-password, to: sensor"],
    ["one of two gates is not enough", "from: network, to: plant, except-through: lonely"],
  ])("[K+] %s", (_, assertion) => expect(holds(assertion)).toBe(false));

  test.each([
    ["nothing passes through a core server from client to client", "from: lonely, to: control"],
    ["what the agent has of the network reaches no application", "from: kms-agent, to: control"],
    ["a secret is read and never written", "from: network, to: mqtt-password"],
    ["a secret that stops at its holder goes nowhere", "from: mqtt-password, to: control, except-through: telemetry"],
    ["a gate that is passed on purpose is not a violation", "from: network, to: sensor, except-through: control"],
    ["several gates may be named", "from: mqtt, to: plant, except-through: [control, lonely]"],
  ])("[K+] %s", (_, assertion) => expect(holds(assertion)).toBe(true));
});
