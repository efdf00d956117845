/** A port that takes every connection: `node listen.mjs ADDRESS PORT`. */
import { createServer } from "node:net";

const [, , host, port] = process.argv;
// Who only tries whether it listens may be gone before it answers.
createServer((socket) => socket.on("error", () => undefined).end("hello\n")).listen({ host, port: Number(port) });
