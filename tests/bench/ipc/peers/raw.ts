/** Raw Node sockets: what our channels stand on. Callbacks, no framing beyond a known length, no promise. */
import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { type CallFigures, fastPlan, summarise } from "../measure.ts";

const small = 64;
const large = 65_536;

/** Echoes 64 bytes at a time on `<address>`; acknowledges each 64 KiB with one byte on `<address>-bulk`. */
export async function serve(address: string): Promise<void> {
  const echo = createServer((socket) => socket.on("data", (chunk) => socket.write(chunk)));
  const bulk = createServer((socket) => {
    let got = 0;
    socket.on("data", (chunk) => {
      got += chunk.length;
      const whole = Math.floor(got / large);
      got -= whole * large;
      if (whole > 0) socket.write(Buffer.alloc(whole));
    });
  });
  await Promise.all([once(echo.listen(address), "listening"), once(bulk.listen(`${address}-bulk`), "listening")]);
}

export async function measure(address: string): Promise<CallFigures & { transfers: number }> {
  const socket = createConnection(address);
  await once(socket, "connect");
  const times = await pingPong(socket);
  const rate = (inFlight: number) => windowed(socket, small, small, fastPlan.rateCalls, inFlight);
  const figures = { ...summarise(times), rate1: await rate(1), rate8: await rate(8), rate64: await rate(64) };
  const bulk = createConnection(`${address}-bulk`);
  await once(bulk, "connect");
  await windowed(bulk, large, 1, fastPlan.transfers / 3, 8);
  return { ...figures, transfers: await windowed(bulk, large, 1, fastPlan.transfers, 8) };
}

function pingPong(socket: Socket): Promise<Float64Array> {
  const times = new Float64Array(fastPlan.calls);
  const message = Buffer.alloc(small, 1);
  return new Promise((resolve) => {
    let start = 0n;
    let got = 0;
    let done = -fastPlan.warmUp;
    function send(): void {
      start = process.hrtime.bigint();
      socket.write(message);
    }
    function receive(chunk: Buffer): void {
      got += chunk.length;
      if (got < small) return;
      got = 0;
      if (done >= 0) times[done] = Number(process.hrtime.bigint() - start) / 1000;
      if (++done < fastPlan.calls) {
        send();
        return;
      }
      socket.off("data", receive);
      resolve(times);
    }
    socket.on("data", receive);
    send();
  });
}

function windowed(socket: Socket, size: number, answer: number, count: number, inFlight: number): Promise<number> {
  const message = Buffer.alloc(size, 1);
  return new Promise((resolve) => {
    const start = performance.now();
    let sent = 0;
    let gotBytes = 0;
    function fill(): void {
      while (sent < count && sent - Math.floor(gotBytes / answer) < inFlight) {
        socket.write(message);
        sent++;
      }
    }
    function receive(chunk: Buffer): void {
      gotBytes += chunk.length;
      if (gotBytes < count * answer) {
        fill();
        return;
      }
      socket.off("data", receive);
      resolve((count / (performance.now() - start)) * 1000);
    }
    socket.on("data", receive);
    fill();
  });
}
