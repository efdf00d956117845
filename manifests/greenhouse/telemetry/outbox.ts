/** What waits for the broker: a bounded queue that forgets its oldest message first and counts what it forgot. */

export type Message = { topic: string; payload: string };

export type Outbox = {
  /** Sends now where it can, keeps for later where it cannot. */
  put(message: Message): void;
  /** Sends what waits, as far as it can; to be called when the connection stands. */
  drain(): void;
  readonly waiting: number;
  readonly lost: number;
};

type Options = {
  capacity: number;
  /** Messages on their way at one time: what is not acknowledged is kept by the sender, and that has to have an end. */
  maxInFlight: number;
  canSend(): boolean;
  /** Resolves when the broker has the message; rejects where it will not get it. */
  send(message: Message): Promise<void>;
};

export function createOutbox({ capacity, maxInFlight, canSend, send }: Options): Outbox {
  const queue: Message[] = [];
  let inFlight = 0;
  let lost = 0;

  function drain(): void {
    while (inFlight < maxInFlight && canSend()) {
      const message = queue.shift();
      if (!message) return;
      inFlight++;
      void send(message)
        .catch(() => lost++)
        .finally(() => {
          inFlight--;
          drain();
        });
    }
  }

  return {
    put(message) {
      queue.push(message);
      drain();
      while (queue.length > capacity) {
        queue.shift();
        lost++;
      }
    },
    drain,
    get waiting() {
      return queue.length;
    },
    get lost() {
      return lost;
    },
  };
}
