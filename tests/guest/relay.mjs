/** Stands in for QEMU and the guest: what comes by a port goes to the test, as a line of JSON, and what the test says to the port. */
import { connect, Socket } from "node:net";
import { createInterface } from "node:readline";

const [place = "", ...options] = process.argv.slice(2);
const test = connect(place);
const ports = new Map();
for (const device of options.filter(
  (option) => option.startsWith("virtserialport,") || option.startsWith("chardev:"),
)) {
  const fd = Number(/(?:chardev=c|chardev:c)(\d+)/.exec(device)?.[1]);
  const name = /,name=(.*)$/.exec(device)?.[1] ?? "console";
  const port = new Socket({ fd });
  port.on("data", (bytes) => test.write(`${JSON.stringify({ port: name, hex: bytes.toString("hex") })}\n`));
  port.on("error", () => undefined);
  ports.set(name, port);
}
test.write(`${JSON.stringify({ port: "", hex: Buffer.from([...ports.keys()].sort().join()).toString("hex") })}\n`);
createInterface({ input: test }).on("line", (line) => {
  const { port, hex } = JSON.parse(line);
  ports.get(port).write(Buffer.from(hex, "hex"));
});
test.on("close", () => process.exit(0));
