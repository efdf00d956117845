// Puts itself into a control group, then becomes the command: what is charged from then on is the command's. `in-group.mjs PROCS COMMAND…`
import { writeFileSync } from "node:fs";

const [procs, program, ...args] = process.argv.slice(2);
writeFileSync(procs, String(process.pid));
process.execve(program, [program, ...args], process.env);
