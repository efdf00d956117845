/**
 * `verify`: compares what the kernel says of every running component with what the system says. A child of the root server,
 * for as long as a look takes: the question comes on standard input, the report goes to standard output. Reads /proc
 * and what `nft` prints of the kernel's rules; speaks to no component.
 */
import { setTimeout as delay } from "node:timers/promises";
import { look } from "./look.ts";
import { questionSchema } from "./question.ts";
import { makeReport } from "./report.ts";

/** Longer than anything that the root server does in passing takes: a tool that it runs is not seen twice. */
const betweenLooksMs = 500;

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const question = questionSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
const first = await look(question, process.ppid);
const clean = first.differences.length === 0 && first.gone.length === 0;
if (!clean) await delay(betweenLooksMs);
const second = clean ? first : await look(question, process.ppid, first.names);
process.stdout.write(JSON.stringify(makeReport(Date.now(), first, second)));
