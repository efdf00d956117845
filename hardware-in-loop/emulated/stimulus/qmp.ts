/** QEMU's control protocol, as far as a stimulus needs it (docs/interop/qmp-spec.rst): one command at a time. */
import { z } from "zod";
import { connectLines } from "./connection.ts";

export type Qmp = { execute(command: string, arguments_: object): Promise<void>; close(): void };

const replySchema = z.union([
  z.looseObject({ return: z.unknown() }),
  z.looseObject({ error: z.looseObject({ desc: z.string() }) }),
]);

export async function connectQmp(path: string): Promise<Qmp> {
  // Its greeting and its events are lines as well; they answer nothing.
  const connection = await connectLines(path, (line) => /"(return|error)":/.test(line) && !/"event":/.test(line));
  const execute = async (command: string, arguments_: object) => {
    const line = await connection.exchange(JSON.stringify({ execute: command, arguments: arguments_ }));
    const reply = replySchema.parse(JSON.parse(line));
    if ("error" in reply) throw new Error(`QEMU refuses ${command}: ${(reply.error as { desc: string }).desc}`);
  };
  await execute("qmp_capabilities", {});
  return { execute, close: connection.close };
}
