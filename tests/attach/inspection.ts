/** Sessions of the Chrome DevTools Protocol, as a debugger has them: with a process, and with a thread of it. */
import { once } from "node:events";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import WebSocket from "ws";

type Message = { id?: number; method?: string; params?: Record<string, unknown>; result?: Record<string, unknown> };
export type Conversation = ReturnType<typeof converse>;

const patienceMs = 30_000;

export async function inspect(url: string) {
  const socket = new WebSocket(url);
  const session = converse((message) => socket.send(message));
  socket.on("message", (data) => session.hear(String(data)));
  await once(socket, "open");
  return { session, close: () => socket.close() };
}

/** A thread of the process by its name, which speaks through the session with the process (Node's domain NodeWorker). */
export async function inspectThread(process: Conversation, name: string): Promise<Conversation> {
  await process.ask("NodeWorker.enable", { waitForDebuggerOnStart: false });
  const { sessionId } = await process.event("NodeWorker.attachedToWorker", ({ workerInfo }) =>
    String((workerInfo as { title?: string }).title).endsWith(name),
  );
  const thread = converse((message) => process.tell("NodeWorker.sendMessageToWorker", { sessionId, message }));
  process.listen((message) => {
    const isIts =
      message.method === "NodeWorker.receivedMessageFromWorker" && message.params?.["sessionId"] === sessionId;
    if (isIts) thread.hear(String(message.params?.["message"]));
  });
  return thread;
}

function converse(send: (message: string) => void) {
  const messages: Message[] = [];
  const watchers = new Set<(message: Message) => void>();
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

  function tell(method: string, params: Record<string, unknown> = {}): number {
    const id = ++calls;
    send(JSON.stringify({ id, method, params }));
    return id;
  }

  return {
    tell,
    ask(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
      const id = tell(method, params);
      return when(`answer to ${method}`, (message) => message.id === id && (message.result ?? {}));
    },
    event: (method: string, fits: (params: Record<string, unknown>) => boolean = () => true) =>
      when(method, (message) => message.method === method && fits(message.params ?? {}) && (message.params ?? {})),
    events: (method: string) => messages.filter((message) => message.method === method).map(({ params }) => params),
    hear(message: string): void {
      messages.push(JSON.parse(message));
      for (const watcher of watchers) watcher(JSON.parse(message));
    },
    listen: (watcher: (message: Message) => void) => void watchers.add(watcher),
  };
}

/** Stops at the first line of `text` in the component's bundle; answers the frame that stopped there. */
export async function stopAt(session: Conversation, text: string): Promise<string | undefined> {
  await session.ask("Debugger.enable");
  const script = session.events("Debugger.scriptParsed").find((one) => String(one?.["url"]).endsWith("/app/main.js"));
  const { scriptSource } = await session.ask("Debugger.getScriptSource", { scriptId: script?.["scriptId"] });
  const lineNumber = String(scriptSource)
    .split("\n")
    .findIndex((line) => line.includes(text));
  await session.ask("Debugger.setBreakpointByUrl", { url: script?.["url"], lineNumber });
  const { callFrames } = (await session.event("Debugger.paused")) as { callFrames: { callFrameId: string }[] };
  return callFrames[0]?.callFrameId;
}

/** What an inspector behind a Unix socket calls itself. */
export async function inspectorBehind(socketPath: string): Promise<string> {
  const [response] = await once(get({ socketPath, path: "/json/version" }), "response");
  return JSON.parse(await text(response)).Browser;
}
