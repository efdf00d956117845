/**
 * For tests: a name server that answers as it is told, by UDP and TCP, and remembers what it was asked. As a program it is told by
 * lines of JSON (a `Behaviour`), and says each question as a line; its arguments are the address and port to listen on.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { answersTo, type Behaviour, type Question, readQuestion } from "./answers.ts";

export type NameServer = {
  readonly port: number;
  readonly asked: Question[];
  behave(next: Behaviour): void;
  close(): void;
};

export async function startNameServer(
  address: string,
  port: number,
  first: Behaviour,
  onQuestion: (question: Question) => void = () => undefined,
): Promise<NameServer> {
  let behaviour = first;
  const asked: Question[] = [];
  const answer = (query: Buffer, isTcp: boolean): Buffer[] => {
    const question = readQuestion(query);
    asked.push(question);
    onQuestion(question);
    return answersTo(query, behaviour, isTcp);
  };
  const udp = createSocket({ type: address.includes(":") ? "udp6" : "udp4", reuseAddr: true });
  udp.on("message", (query, from) => {
    for (const bytes of answer(query, false)) udp.send(bytes, from.port, from.address, () => undefined);
  });
  udp.bind(port, address);
  await once(udp, "listening");
  const bound = udp.address().port;
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
    let unread = Buffer.alloc(0);
    socket.on("data", (data) => {
      unread = Buffer.concat([unread, data]);
      // Two questions may come as one piece, or one as two.
      while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE()) {
        const query = unread.subarray(2, 2 + unread.readUInt16BE());
        unread = unread.subarray(2 + query.length);
        for (const bytes of answer(query, true)) socket.write(Buffer.concat([lengthOf(bytes), bytes]));
      }
    });
  });
  tcp.listen(bound, address);
  await once(tcp, "listening");
  return {
    port: bound,
    asked,
    behave: (next) => {
      behaviour = next;
    },
    close() {
      udp.close();
      tcp.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , address = "", port = "53"] = process.argv;
  const say = (line: object) => console.log(JSON.stringify(line));
  const server = await startNameServer(address, Number(port), { kind: "silent" }, say);
  say({ ready: true });
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      server.behave(JSON.parse(line) as Behaviour);
      say({ behaves: true });
    })
    .on("close", () => process.exit(0));
}
