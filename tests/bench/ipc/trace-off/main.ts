/** `node tests/bench/ipc/trace-off/main.ts [PROCESSES]`: this row of the benchmark by itself, as JSON. */
import { measureTraceOff } from "./measure.ts";

console.log(JSON.stringify(await measureTraceOff(Number(process.argv[2] ?? 24))));
