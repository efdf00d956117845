/** 3: channels carry calls and notifications, and the greenhouse's loop is closed: the plant answers the fan. */
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { fact, type Proof } from "../proof.ts";
import { forwardedFacts } from "./forwarded.ts";

type Reading = { temperatureMilliC: number; fan: 0 | 1 };

export const closedLoopProof: Proof = {
  title: "components exchange calls and notifications; the controller switches the fan and the plant answers",
  async prove(light) {
    const on = await light.line("climate", /fan on/, 20_000);
    const off = await eventually("the fan to go off again", 30_000, async () =>
      (await light.lines("climate")).find(({ id, text }) => id > on.id && /fan off/.test(text)),
    );
    const edge = await light.line("irrigation", /water flows .*"edge":\d+/, 20_000);
    const { status, readings } = await eventually(
      "readings from before and after the fan was switched",
      15_000,
      async () => {
        const now = await readClimate(light);
        return [0, 1].every((fan) => pairs(now.readings, fan).length > 0) ? now : undefined;
      },
    );
    const used = status.channels.filter(({ client }) => client === "climate");
    return [
      fact(true, `calls: ${used.map(({ name, provider }) => `climate.${name} → ${provider}`).join(", ")}`),
      fact(true, `notifications: gpio → irrigation, an edge of the flow switch: "${edge.text}"`),
      fact(
        used.length > 0 && used.every(({ up, name }) => up || name === "moisture"),
        "the controller's channels are up",
      ),
      fact(temperature(on.text) > temperature(off.text), `the fan cooled the plant: "${on.text}", then "${off.text}"`),
      ...followsFan(readings),
      ...(await forwardedFacts(light)),
    ];
  },
};

function temperature(text: string): number {
  return Number(/(-?\d+(?:\.\d+)?) ?°C/.exec(text)?.[1] ?? Number.NaN);
}

async function readClimate(
  light: FirstLight,
): Promise<{ status: Awaited<ReturnType<FirstLight["status"]>>; readings: Reading[] }> {
  const { topics } = await light.client.telemetry();
  const messages = topics
    .filter(({ topic }) => topic.endsWith("/climate") || topic === "climate")
    .flatMap((topic) => topic.messages);
  return { status: await light.status(), readings: messages.map(({ payload }) => JSON.parse(payload) as Reading) };
}

/** Readings that follow one another while the fan keeps its state. */
function pairs(readings: readonly Reading[], fan: number): { before: Reading; now: Reading }[] {
  return readings.slice(1).flatMap((now, index) => {
    const before = readings[index];
    return before?.fan === fan && now.fan === fan ? [{ before, now }] : [];
  });
}

/** In the readings themselves: while the fan runs, none is warmer than the one before, and while it stands, none is colder. */
function followsFan(readings: readonly Reading[]) {
  const cooling = pairs(readings, 1);
  const warming = pairs(readings, 0);
  const falling = cooling.filter(({ before, now }) => now.temperatureMilliC <= before.temperatureMilliC);
  const rising = warming.filter(({ before, now }) => now.temperatureMilliC >= before.temperatureMilliC);
  return [
    fact(
      falling.length === cooling.length,
      `${falling.length} of ${cooling.length} readings with the fan on do not rise`,
    ),
    fact(
      rising.length === warming.length,
      `${rising.length} of ${warming.length} readings with the fan off do not fall`,
    ),
  ];
}
