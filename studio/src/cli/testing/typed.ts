/** A command line as it is typed, in this process: what it prints, what it says beside that, and its exit code. Nobody can be asked. */
import { root } from "../../commands.ts";
import { runCommandLine } from "../run.ts";

export type Typed = { readonly code: number; readonly out: string; readonly err: string };

export async function typed(...args: readonly string[]): Promise<Typed> {
  const said = { out: "", err: "" };
  const restore = [
    listen(process.stdout, (text) => (said.out += text)),
    listen(process.stderr, (text) => (said.err += text)),
  ];
  try {
    const code = await runCommandLine(root, args);
    return { code, ...said };
  } finally {
    for (const undo of restore) undo();
  }
}

function listen(stream: NodeJS.WriteStream, hear: (text: string) => void): () => void {
  const { write } = stream;
  stream.write = (chunk: string | Uint8Array) => {
    hear(String(chunk));
    return true;
  };
  return () => {
    stream.write = write;
  };
}
