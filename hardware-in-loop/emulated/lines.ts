/** The lines between a guest and its host: virtio ports where the board has PCI, else UARTs of its own. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Lines } from "./boards/board.ts";

/** The kernel's console goes into the file `console`, the others to the sockets of their names. `file`: where those are. */
export function wireLines(lines: Lines, file: (name: string) => string): string[] {
  const socket = (name: string) => ["-chardev", `socket,id=${name},path=${file(name)}`];
  if (lines.by === "virtio") {
    const ports = ["output", "control"].flatMap((name) => [
      ...socket(name),
      ...["-device", `virtserialport,chardev=${name},name=bulkhead.${name}`],
    ]);
    return ["-serial", `file:${file("console")}`, ...ports];
  }
  return lines.uarts.flatMap(({ end }) => {
    if (end === "console") return ["-serial", `file:${file("console")}`];
    return end === "none" ? ["-serial", "null"] : [...socket(end), "-serial", `chardev:${end}`];
  });
}

/** What a guest with UARTs is told of them, as a shell's variables; one with virtio ports finds them by name. */
export function describeLines(lines: Lines): string[] {
  if (lines.by === "virtio") return [];
  return lines.uarts.filter(({ end }) => end !== "none").map(({ end, node }) => `${end}=${node}`);
}

export type Line = { close(): void };

/** QEMU connects to it as soon as it starts. `answer` writes to the guest. */
export async function openLine(
  path: string,
  onText: (text: string, answer: (text: string) => void) => void,
): Promise<Line> {
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    socket.setEncoding("utf8").on("data", (chunk: string) => onText(chunk, (text) => void socket.write(text)));
  });
  server.listen(path);
  await once(server, "listening");
  return { close: () => void server.close() };
}

/** The far end of a UART whose two wires are joined. */
export async function openLoop(path: string): Promise<Line> {
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  server.listen(path);
  await once(server, "listening");
  return { close: () => void server.close() };
}
