/** The stimulus as a specification inside a guest has it: every request goes to the host by the control line. */
import { open } from "node:fs/promises";
import { answerSchema, type Level, type Stimulus, type StimulusAnswer, type StimulusRequest } from "./stimulus.ts";

/** `port`: the guest's node of the line; second.sh says it. */
export function askHost(port: string | undefined = process.env["BULKHEAD_CONTROL"]): Stimulus {
  let last: Promise<unknown> = Promise.resolve();
  const ask = (request: StimulusRequest): Promise<StimulusAnswer> => {
    const next = last.then(() => exchange(port, request));
    last = next.catch(() => undefined);
    return next;
  };
  return {
    pin: async (bank, line, level) => void (await ask({ what: "pin", bank, line, level })),
    output: async (bank, line) => levelOf(await ask({ what: "output", bank, line })),
    temperature: async (id, milliCelsius) => void (await ask({ what: "temperature", id, milliCelsius })),
    lineBreak: async (end) => void (await ask({ what: "break", end })),
  };
}

function levelOf(answer: StimulusAnswer): Level | null {
  return "level" in answer ? answer.level : null;
}

/** The host answers each request with one line, so no read is left waiting; a virtio port has room for one opener at a time. */
async function exchange(port: string | undefined, request: StimulusRequest): Promise<StimulusAnswer> {
  if (port === undefined) throw new Error("there is no control line: this runs in an emulated board alone");
  const file = await open(port, "r+");
  try {
    await file.write(`ask ${JSON.stringify(request)}\n`);
    const answer = answerSchema.parse(JSON.parse(await readLine(file)));
    if ("refused" in answer) throw new Error(answer.refused);
    return answer;
  } finally {
    await file.close();
  }
}

async function readLine(file: { read(buffer: Buffer): Promise<{ bytesRead: number }> }): Promise<string> {
  const buffer = Buffer.alloc(4096);
  let text = "";
  while (!text.endsWith("\n")) {
    const { bytesRead } = await file.read(buffer);
    if (bytesRead === 0) throw new Error("the control line has ended");
    text += buffer.toString("utf8", 0, bytesRead);
  }
  return text.trim().replace(/^answer /, "");
}
