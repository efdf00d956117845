/** What the ADC driver server needs from a back-end: `simulated.ts` of board `virtual`, `linux.ts` on industrial I/O. */

export type Measurement = { readonly value: number; readonly unit: string; readonly raw: number | null };

export type AdcDriver = {
  /**
   * Measures once. `channel` as the kernel calls it, without `in_`: `voltage0`.
   *
   * @throws BulkheadError DEVICE_ABSENT, DEVICE_BUSY while another program reads it by a buffer, DEVICE_FAILED
   */
  read(device: string, channel: string): Promise<Measurement>;
};
