/** 3: channels carry calls and notifications, and the greenhouse's loop is closed: the plant answers the fan. */
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { fact, type Proof } from "../proof.ts";

type Reading = { temperatureMilliC: number; fan: 0 | 1 };

export const closedLoopProof: Proof = {
  title: "components exchange calls and notifications; the controller switches the fan and the plant answers",
  async prove(light) {
    const on = await light.line("climate", /fan on/, 20_000);
    const off = await eventually("the fan to go off again", 30_000, async () =>
      (await light.lines("climate")).find(({ id, text }) => id > on.id && /fan off/.test(text)),
    );
    const { status, readings } = await readClimate(light);
    const used = status.channels.filter(({ client }) => client === "climate");
    return [
      fact(true, `calls: ${used.map(({ name, provider }) => `climate.${name} → ${provider}`).join(", ")}`),
      fact(
        used.length > 0 && used.every(({ up, name }) => up || name === "moisture"),
        "the controller's channels are up",
      ),
      fact(temperature(on.text) > temperature(off.text), `the fan cooled the plant: "${on.text}", then "${off.text}"`),
      ...fallsWhileOn(readings),
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

/** In the readings themselves: while the fan runs, each is colder than the one before. */
function fallsWhileOn(readings: readonly Reading[]) {
  const steps = readings.slice(1).map((now, index) => ({ now, before: readings[index] }));
  const cooling = steps.filter(({ now, before }) => before?.fan === 1 && now.fan === 1);
  const warming = steps.filter(({ now, before }) => before?.fan === 0 && now.fan === 0);
  const colder = cooling.filter(({ now, before }) => before && now.temperatureMilliC <= before.temperatureMilliC);
  const warmer = warming.filter(({ now, before }) => before && now.temperatureMilliC >= before.temperatureMilliC);
  return [
    fact(
      cooling.length > 0 && colder.length === cooling.length,
      `${colder.length} of ${cooling.length} readings with the fan on do not rise`,
    ),
    fact(
      warming.length > 0 && warmer.length === warming.length,
      `${warmer.length} of ${warming.length} readings with the fan off do not fall`,
    ),
  ];
}
