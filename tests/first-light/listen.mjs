/** A port that takes every connection: `node listen.mjs ADDRESS PORT`. */
import { createServer } from "node:net";

const [, , host, port] = process.argv;
createServer((socket) => socket.end("hello\n")).listen({ host, port: Number(port) });
