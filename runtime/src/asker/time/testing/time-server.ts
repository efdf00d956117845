/**
 * For tests: a time server that behaves as it is told, well or badly. As a program, `node time-server.ts ADDRESS PORT BEHAVIOUR`
 * prints `ready` and ends with its standard input. Real ones are asked by `npm run prove -- network`.
 */
import { createSocket } from "node:dgram";

export type Behaviour = {
  /** How far its clock is from this machine's. */
  readonly offsetMs?: number;
  readonly kiss?: string;
  readonly silent?: true;
  /** What of a good answer is another, byte by byte. */
  readonly bytes?: Readonly<Record<number, number>>;
  /** So many bytes of it. */
  readonly cut?: number;
  /** Before the answer, from the same port: one to another question. */
  readonly forged?: true;
  /** Instead of the answer so many packets that answer another question. */
  readonly flood?: number;
  /** The answer comes from another port than was asked. */
  readonly aside?: true;
};

const epochOffsetMs = 2_208_988_800_000;

/** A good answer to `request`, but for what `behaviour` says. */
export function answerTo(request: Buffer, behaviour: Behaviour, nowMs = Date.now()): Buffer {
  const answer = Buffer.alloc(48);
  answer.set([(4 << 3) | 4, behaviour.kiss ? 0 : 2, 6, 0xec]);
  // Root delay 10 ms, root dispersion 5 ms.
  answer.writeUInt32BE(655, 4);
  answer.writeUInt32BE(328, 8);
  answer.write(behaviour.kiss ?? "TEST", 12, "latin1");
  request.copy(answer, 24, 40, 48);
  const ntpMs = nowMs + (behaviour.offsetMs ?? 0) + epochOffsetMs;
  for (const at of [16, 32, 40]) {
    answer.writeUInt32BE(Math.floor(ntpMs / 1000) % 2 ** 32, at);
    answer.writeUInt32BE(Math.floor(((ntpMs % 1000) / 1000) * 2 ** 32), at + 4);
  }
  for (const [at, byte] of Object.entries(behaviour.bytes ?? {})) answer[Number(at)] = byte;
  return answer.subarray(0, behaviour.cut ?? 48);
}

/** Listens on `address`; `asked` counts the questions, each with the port that it came from. */
export async function startTimeServer(address: string, port: number, behaviour: Behaviour) {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const asked: { from: number; request: Buffer }[] = [];
  socket.on("message", (request, { address: client, port }) => {
    asked.push({ from: port, request });
    if (behaviour.silent || request.length < 48) return;
    if (behaviour.forged) socket.send(answerTo(Buffer.alloc(48, 7), { offsetMs: 1e9 }), port, client);
    for (let left = behaviour.flood ?? 0; left > 0; left -= 1)
      socket.send(answerTo(Buffer.alloc(48), {}), port, client);
    if (behaviour.flood) return;
    const from = behaviour.aside ? createSocket("udp4") : socket;
    from.send(answerTo(request, behaviour), port, client, () => from === socket || from.close());
  });
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  return { asked, port: socket.address().port, close: () => void socket.close() };
}

if (process.argv[1] === import.meta.filename) {
  const [address = "", port = "", behaviour = "{}"] = process.argv.slice(2);
  const server = await startTimeServer(address, Number(port), JSON.parse(behaviour) as Behaviour);
  console.log("ready");
  process.stdin.on("end", server.close).resume();
}
