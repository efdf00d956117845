/** What happens in the KMS while somebody watches. Not a store: who was away asks the contexts. */
import type { KmsEvent } from "../api/events.ts";

export type EventBus = {
  publish(event: KmsEvent): void;
  /** Returns the way to stop. A listener must not throw. */
  subscribe(listener: (event: KmsEvent) => void): () => void;
};

export function createEventBus(): EventBus {
  const listeners = new Set<(event: KmsEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
