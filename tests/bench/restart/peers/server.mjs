// What the peers supervise: answers each byte with its pid, on a Unix socket in the place of an earlier one.
import { rmSync } from "node:fs";
import { createServer } from "node:net";

const [path = ""] = process.argv.slice(2);
rmSync(path, { force: true });
createServer((socket) => {
  socket.on("error", () => undefined);
  socket.on("data", () => socket.write(`${process.pid}\n`));
}).listen(path);
