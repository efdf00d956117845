/** Looks whether the web page can have its port before anything is started. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { BulkheadError } from "@bulkhead/protocol";

/** The service does not run as root; this is where the kernel lets others begin. */
const unprivilegedStartFile = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
const remedy = "choose another one with --port, or --port 0 for any free one";

/** Throws PORT_TAKEN, or ENVIRONMENT_INVALID for one that only root may have. `port` 0 is always free. */
export async function checkPort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const firstFree = Number(await readFile(unprivilegedStartFile, "utf8").catch(() => "1024"));
  if (port < firstFree)
    throw new BulkheadError("ENVIRONMENT_INVALID", `ports below ${firstFree}, as --port ${port}, are root's`, {
      remedy,
    });
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, "listening").catch((cause: unknown) => {
    throw new BulkheadError("PORT_TAKEN", `another program listens on ${host}:${port} (--port ${port})`, {
      cause,
      remedy,
    });
  });
  server.close();
  await once(server, "close");
}
