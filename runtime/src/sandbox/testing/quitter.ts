/**
 * Starts a prober's bubblewrap, and is killed before it lets the component go: the worst moment to lose the
 * supervisor. Writes the pid of the blocked sandbox first. Arguments: a directory that uid 10104 can write, its Node.
 */
import { open } from "node:fs/promises";
import { commandLine } from "../bubblewrap.ts";
import { launch } from "../launch.ts";
import { nodeMounts } from "../mounts.ts";

const [directory = "", node = ""] = process.argv.slice(2);
const line = commandLine(
  {
    name: "quitter",
    uid: 10_104,
    command: ["/node/bin/node", "-e", "fs.writeFileSync('/out/ran', ''); setInterval(() => {}, 1000)"],
    environment: {},
    mounts: [...(await nodeMounts(node)), { kind: "rw", source: directory, target: "/out" }],
    networkNamespace: null,
    capabilities: [],
    limits: { memoryBytes: 1, processes: 1, cpu: { class: "fair", weight: 1 } },
    cgroup: "none/none",
    stdout: 1,
    requires: [],
  },
  "own-userns",
  false,
);
// Not one of ours, which whoever started us waits to see closed: the blocked sandbox keeps what it is given.
const { fd } = await open("/dev/null", "r+");
const launched = await launch(line, null, { stdout: fd });
const pid = await launched.childPid;
process.stdout.write(`${pid}\n`, () => process.kill(process.pid, "SIGKILL"));
