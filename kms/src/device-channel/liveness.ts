/** Notices a peer that has gone without closing: a device without power sends no FIN. */
import type { WebSocket } from "ws";

const pingMs = 5000;
const silenceMs = 15_000;

/** Pings until the socket closes; ends it when nothing was heard for 15 s. */
export function keepAlive(socket: WebSocket): void {
  let heardMs = performance.now();
  const heard = () => {
    heardMs = performance.now();
  };
  for (const name of ["pong", "ping", "message"]) socket.on(name, heard);
  const timer = setInterval(() => {
    // While we hold the device back ourselves, its pong waits behind its messages.
    if (socket.isPaused) heard();
    if (performance.now() - heardMs > silenceMs) socket.terminate();
    else socket.ping();
  }, pingMs);
  socket.once("close", () => clearInterval(timer));
}
