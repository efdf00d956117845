import { expect, test } from "vitest";
import { describeChange, handshakeLifeMs, newTunnelHealth, observeHandshake, silenceMs } from "./health.ts";

function story(readings: readonly [number | null, number][]): (string | undefined)[] {
  let health = newTunnelHealth(0);
  return readings.map(([reading, nowMs]) => {
    const next = observeHandshake(health, reading === null ? null : { handshake: reading }, nowMs);
    const change = describeChange(health, next);
    health = next;
    return change;
  });
}

test("[K13] a first handshake is told once, and so is its absence for 180 s", () => {
  const late = handshakeLifeMs + 1;
  expect(
    story([
      [0, 1000],
      [1700000000, 2000],
      [1700000000, 3000],
      [1700000000, 2000 + late],
      [1700000000, 3000 + late],
    ]),
  ).toEqual([undefined, "tunnel up", undefined, "no handshake for 180 s", undefined]);
});

test("a tunnel that comes back is told again", () => {
  expect(
    story([
      [5, 0],
      [5, handshakeLifeMs + 1],
      [9, handshakeLifeMs + 2],
    ])[2],
  ).toBe("tunnel up");
});

test("a tunnel that never came up is told too", () => {
  expect(story([[0, handshakeLifeMs + 1]])).toEqual(["no handshake for 180 s"]);
});

test("a step of the time of day does not break a tunnel: only the monotonic clock counts", () => {
  expect(
    story([
      [1_700_000_000, 0],
      [1_600_000_000, 1000],
      [1_600_000_000, 2000],
    ]),
  ).toEqual(["tunnel up", undefined, undefined]);
});

test("a state that cannot be read is neither up nor down", () => {
  expect(
    story([
      [null, 0],
      [null, handshakeLifeMs * 2],
    ]),
  ).toEqual(["the state of the tunnel cannot be read from here", undefined]);
});

/** The states after each reading: bytes received and sent, and when. */
function states(readings: readonly [number, number, number][]): string[] {
  let health = newTunnelHealth(0);
  return readings.map(([received, sent, nowMs]) => {
    health = observeHandshake(health, { handshake: 5, bytes: { received, sent } }, nowMs);
    return health.state;
  });
}

test("[K13] a gateway that answers nothing of what is sent is silent long before the handshake is old", () => {
  const silent = states([
    [92, 148, 0],
    [92, 700, silenceMs - 1],
    [92, 900, silenceMs],
    [300, 900, silenceMs + 1],
  ]);
  expect(silent).toEqual(["up", "up", "silent", "up"]);
});

test("[K13] a device that only keeps its way open is no reason to call its gateway silent", () => {
  expect(
    states([
      [92, 148, 0],
      [92, 148 + 8 * 32, handshakeLifeMs - 1],
    ]),
  ).toEqual(["up", "up"]);
});
