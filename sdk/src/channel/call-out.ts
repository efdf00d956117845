/**
 * Runs a callback of the component's author. What it throws is the component's own fault: it ends the component, as any
 * error that nobody catches, and is never taken for a fault of the peer, which would end the channel.
 */
export function callOut(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
