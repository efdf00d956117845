/** The decisions of the climate controller: pure. */

/** Two-point control: on from here, off from there, and in between as it was, so that the fan does not chatter. */
export type Limits = { fanOnMilliC: number; fanOffMilliC: number };

/** What the fan should do. Without a reading it runs: a greenhouse is lost sooner to heat than to fresh air. */
export function decideFan(fan: 0 | 1, temperatureMilliC: number | null, limits: Limits): 0 | 1 {
  if (temperatureMilliC === null || temperatureMilliC >= limits.fanOnMilliC) return 1;
  if (temperatureMilliC <= limits.fanOffMilliC) return 0;
  return fan;
}

/** Register 0 of a TMP102 in thousandths of a degree (Texas Instruments SBOS397, "Temperature Register"). */
export function decodeTemperature(register: Uint8Array): number {
  const [high = 0, low = 0] = register;
  const steps = ((high << 24) | (low << 16)) >> 20; // The shift back keeps the sign.
  return Math.round(steps * 62.5);
}
