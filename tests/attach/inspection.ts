/** A session of the Chrome DevTools Protocol, as a debugger has it. */
import { once } from "node:events";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import WebSocket from "ws";

type Message = { id?: number; method?: string; params?: Record<string, unknown>; result?: Record<string, unknown> };

const patienceMs = 30_000;

export async function inspect(url: string) {
  const socket = new WebSocket(url);
  const messages: Message[] = [];
  const watchers = new Set<() => void>();
  socket.on("message", (data) => {
    messages.push(JSON.parse(String(data)));
    for (const watcher of watchers) watcher();
  });
  await once(socket, "open");
  let calls = 0;

  function when<T>(what: string, find: (message: Message) => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} within ${patienceMs} ms`)), patienceMs);
      const look = () => {
        for (const message of messages) {
          const found = find(message);
          if (!found) continue;
          watchers.delete(look);
          clearTimeout(timer);
          return resolve(found);
        }
      };
      watchers.add(look);
      look();
    });
  }

  return {
    ask(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
      const id = ++calls;
      socket.send(JSON.stringify({ id, method, params }));
      return when(`answer to ${method}`, (message) => message.id === id && (message.result ?? {}));
    },
    event: (method: string) => when(method, (message) => message.method === method && (message.params ?? {})),
    events: (method: string) => messages.filter((message) => message.method === method).map(({ params }) => params),
    close: () => socket.close(),
  };
}

/** What an inspector behind a Unix socket calls itself. */
export async function inspectorBehind(socketPath: string): Promise<string> {
  const [response] = await once(get({ socketPath, path: "/json/version" }), "response");
  return JSON.parse(await text(response)).Browser;
}
