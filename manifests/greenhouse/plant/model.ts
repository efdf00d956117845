/** The physics of the simulated greenhouse: pure, so that the same steps give the same weather. */

export type Greenhouse = {
  temperatureC: number;
  /** 0 bone-dry, 1 saturated. */
  moisture: number;
};

export type Actuators = { fan: 0 | 1; valve: 0 | 1 };

export const morning: Greenhouse = { temperatureC: 25.5, moisture: 0.32 };

const sunC = 35;
const outsideC = 18;
// Far quicker than a real greenhouse, so that a visitor sees a whole cycle of the controller in ten seconds.
const timeConstantMs = 40_000;
const dryingPerMs = 0.005 / 1000;
const wateringPerMs = 0.04 / 1000;

/** The greenhouse `stepMs` later. Newton's law of cooling in closed form: two half steps are one whole step. */
export function step(state: Greenhouse, stepMs: number, { fan, valve }: Actuators): Greenhouse {
  const towardsC = fan ? outsideC : sunC;
  const temperatureC = towardsC + (state.temperatureC - towardsC) * Math.exp(-stepMs / timeConstantMs);
  const change = (valve ? wateringPerMs : -dryingPerMs) * stepMs;
  return { temperatureC, moisture: Math.min(1, Math.max(0, state.moisture + change)) };
}
