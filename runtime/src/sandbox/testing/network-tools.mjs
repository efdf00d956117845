// Runs inside a sandbox with CAP_NET_ADMIN: what the network server does with the board's programs.
// Writes one line of JSON to descriptor 3: the exit code and the first words of each.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const run = (program, args, input = "") => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: "utf8" });
  return { status, output: String(error?.code ?? stdout + stderr).slice(0, 200) };
};

const results = {
  link: run("ip", ["link", "set", "lo", "up"]),
  batch: run("ip", ["-batch", "-"], "address add fd00::1/128 dev lo\n"),
  rules: run(
    "nft",
    ["-f", "-"],
    "table inet bulkhead { chain input { type filter hook input priority 0; policy drop; }; }\n",
  ),
  listed: run("nft", ["list", "ruleset"]),
  key: run("wg", ["genkey"]),
};
// Its words go where ours go: to the log of the test.
const tunnel = spawn("wireguard-go", ["--foreground", "wg0"], { stdio: ["ignore", 1, 2] });
for (let tries = 0; tries < 100 && !existsSync("/var/run/wireguard/wg0.sock"); tries++) await delay(50);
results.tunnel = run("wg", ["show", "wg0", "listen-port"]);
results.mtu = run("ip", ["link", "show", "wg0"]);
tunnel.kill("SIGKILL");
// What the capability must not be good for.
results.hostname = run("hostname", ["changed"]);
results.mount = run("mount", ["-t", "tmpfs", "tmpfs", "/mnt"]);
results.unshare = run("unshare", ["--user", "true"]);

const control = new Socket({ fd: 3 });
control.write(`${JSON.stringify(results)}\n`);
control.once("close", () => process.exit(0));
control.resume();
