/** QEMU's control protocol, as far as a stimulus needs it (docs/interop/qmp-spec.rst): one command at a time. */
import { z } from "zod";
import { connectLines } from "./connection.ts";

export type Qmp = {
  execute(command: string, arguments_: object): Promise<unknown>;
  /** The path of the one device of `type` that the machine made without a name: it changes with what else there is. */
  findUnattached(type: string): Promise<string>;
  close(): void;
};

const unattached = "/machine/unattached";
const childrenSchema = z.array(z.looseObject({ name: z.string(), type: z.string() }));

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
    return reply.return;
  };
  await execute("qmp_capabilities", {});
  return {
    execute,
    async findUnattached(type) {
      const children = childrenSchema.parse(await execute("qom-list", { path: unattached }));
      const found = children.filter((child) => child.type === `child<${type}>`);
      const [only] = found;
      if (only === undefined || found.length > 1)
        throw new Error(`the machine has ${found.length} of ${type}, not one`);
      return `${unattached}/${only.name}`;
    },
    close: connection.close,
  };
}
