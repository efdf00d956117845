/** Holds a tunnel for tests as the network server does, with the key from a line on standard input. */
import { createInterface } from "node:readline";
import type { Provisioning } from "@bulkhead/protocol";
import { tunnelInterface } from "../firewall.ts";
import { userspaceBackend } from "../tunnel/backend.ts";
import { openTunnel } from "../tunnel/tunnel.ts";

createInterface({ input: process.stdin }).once("line", (line) => {
  const { provisioning, privateKey } = JSON.parse(line) as { provisioning: Provisioning; privateKey: string };
  openTunnel(userspaceBackend, tunnelInterface, privateKey, provisioning).then(
    () => console.log("ready"),
    (error: unknown) => console.log(String(error)),
  );
});
