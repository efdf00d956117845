/**
 * The asker: a process of its own for as long as one question takes, with a uid of its own and no privilege. It is in the
 * uplink's network namespace, whose rules let its uid alone speak to the board's resolvers, or to its time servers. It is the one
 * part of the runtime that reads what they answer; what it makes of that is parsed again by who asked.
 */
import { Socket } from "node:net";
import { controlFileDescriptor } from "@bulkhead/protocol";
import { firstLine, questionSchema } from "./messages.ts";
import { lookUp } from "./names/lookup.ts";
import { measure } from "./time/measure.ts";

const channel = new Socket({ fd: controlFileDescriptor });
let heard = Buffer.alloc(0);
for await (const chunk of channel) {
  heard = Buffer.concat([heard, chunk as Buffer]);
  const line = firstLine(heard);
  if (line === undefined) continue;
  const question = questionSchema.parse(JSON.parse(line));
  const answer = "name" in question ? await lookUp(question) : await measure(question);
  channel.end(`${JSON.stringify(answer)}\n`, () => process.exit(0));
  break;
}
