/** A provider that is asked something and never comes back: argv[2] is its trace ring. */
import { writeSync } from "node:fs";
import { traceSink } from "../channel/trace-sink.ts";
import { createTraceRecorder } from "../trace/recorder.ts";

createTraceRecorder({ ringBytes: 8192, enabled: true }, 1, process.argv[2]);
traceSink?.callBegan("provider", "climate.fan", "set", 7);
writeSync(1, "hanging");
for (;;);
