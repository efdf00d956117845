/** Proxies: the only services that a device reaches through the tunnel, each a name with something behind it. */
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";
import type { ProxyList } from "../api/index.ts";
import type { Broker } from "../broker/index.ts";
import type { KmsConfig } from "../config.ts";
import type { DeviceRow } from "../devices/index.ts";
import { describeError, type Log } from "../log.ts";
import { listenRelayed } from "../relayed/index.ts";

export type Proxies = { list(): ProxyList["proxies"]; close(): Promise<void> };

type ProxyOptions = {
  config: Pick<KmsConfig, "proxies" | "runDir">;
  broker: Broker;
  identify(address: string): Promise<DeviceRow | undefined>;
  log: Log;
};

const dialMs = 10_000;

/** Listens on `proxy-<name>.sock` in the run directory for each proxy. */
export async function startProxies({ config, broker, identify, log }: ProxyOptions): Promise<Proxies> {
  const proxies = await Promise.all(
    Object.entries(config.proxies).map(async ([name, { upstream, port }]) => {
      const onConnection = (connection: Socket, device: DeviceRow) => {
        if (upstream === "embedded") broker.serve(connection, device.id);
        else forward(connection, upstream, name, log);
      };
      const socketPath = join(config.runDir, `proxy-${name}.sock`);
      return { name, port, upstream, relayed: await listenRelayed({ socketPath, identify, onConnection, log }) };
    }),
  );
  return {
    list: () => proxies.map(({ relayed, ...proxy }) => ({ ...proxy, connections: relayed.connections() })),
    close: async () => {
      await Promise.all(proxies.map(({ relayed }) => relayed.close()));
    },
  };
}

function forward(connection: Socket, upstream: { host: string; port: number }, name: string, log: Log): void {
  const dialled = connect({ ...upstream, allowHalfOpen: true });
  dialled.setTimeout(dialMs, () => dialled.destroy(new Error("the upstream does not answer")));
  dialled.once("connect", () => dialled.setTimeout(0));
  const ended = (error: NodeJS.ErrnoException | null) => {
    // A device that hangs up is no news.
    if (error && error.code !== "ERR_STREAM_PREMATURE_CLOSE") {
      log("warn", "proxy connection failed", { proxy: name, why: describeError(error) });
    }
  };
  pipeline(connection, dialled, ended);
  pipeline(dialled, connection, ended);
}
