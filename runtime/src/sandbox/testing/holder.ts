/**
 * Starts one prober and stays: the process that `lifetime.spec.ts` kills, and that `rootless.spec.ts` runs as another
 * user. Writes one line of JSON: what it found out, or the error report. Arguments: uid or `null`, then capabilities.
 */
import { reportError } from "@bulkhead/protocol";
import type { Capability } from "../spec.ts";
import { openBench } from "./harness.ts";

const [uidText = "null", ...capabilities] = process.argv.slice(2);

const bench = await openBench(JSON.parse(uidText));
try {
  const { sandbox, ask } = await bench.probe({ capabilities: capabilities as Capability[] });
  const answers = {
    identity: await ask({ probe: "identity" }),
    processes: await ask({ probe: "list", path: "/proc" }),
    rootWrite: await ask({ probe: "write", path: "/x" }),
    passwd: await ask({ probe: "read", path: "/etc/passwd" }),
    outside: await ask({ probe: "connect", host: "192.0.2.1", port: 80 }),
    spawn: await ask({ probe: "spawn" }),
    descriptors: await ask({ probe: "descriptors" }),
  };
  const { level, pid, componentPid } = sandbox;
  const { host, instance, directory } = bench;
  console.log(JSON.stringify({ host, instance, directory, level, pid, componentPid, answers }));
  // Ends when the other side closes, or kills it.
  process.stdin.resume();
  process.stdin.once("end", () => void bench.close());
} catch (error) {
  console.log(JSON.stringify({ error: reportError(error) }));
  await bench.close();
}
