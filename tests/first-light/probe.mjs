/** Tries one TCP connection from wherever it is run and prints what became of it: `node probe.mjs HOST PORT`. */
import { connect } from "node:net";

const [, , host, port] = process.argv;
const socket = connect({ host, port: Number(port) });
const end = (/** @type {string} */ result) => {
  process.stdout.write(result);
  socket.destroy();
};
socket.setTimeout(1500, () => end("TIMEOUT"));
socket.on("connect", () => end("CONNECTED"));
socket.on("error", (/** @type {NodeJS.ErrnoException} */ error) => end(error.code ?? error.message));
