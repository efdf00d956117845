/** When to count what a device has: after so much was added, and at the first time. */
export function createTrimmer(everyMany: number): (deviceId: string, added: number) => boolean {
  const since = new Map<string, number>();
  return (deviceId, added) => {
    const total = (since.get(deviceId) ?? Number.POSITIVE_INFINITY) + added;
    const isDue = total >= everyMany;
    since.set(deviceId, isDue ? 0 : total);
    return isDue;
  };
}
