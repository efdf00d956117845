/** A port that behaves like a UART to who opens it: the kernel's tty layer is real, the hardware is a perl program. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Pty = {
  /** Of the end that a driver opens. */
  readonly path: string;
  /** What the driver's end has sent so far to one that hears it. */
  received(): string;
  send(text: string): void;
  /** From now on nothing is taken from the line. */
  pause(): void;
  resume(): void;
  /** The cable is pulled. */
  unplug(): Promise<void>;
};

/** `end`: what hears what comes; a loop sends it back. */
export async function openPty(end: "ear" | "loop" = "ear"): Promise<Pty> {
  const helper = spawn("perl", [join(import.meta.dirname, "pty.pl"), end], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(helper, "exit");
  let received = "";
  const path = await new Promise<string>((resolve, reject) => {
    createInterface({ input: helper.stdout }).on("line", (line) => {
      const [kind, value = ""] = line.split(" ");
      if (kind === "path") resolve(value);
      else received += Buffer.from(value, "hex").toString("latin1");
    });
    void ended.then(() => reject(new Error("there is no pseudo terminal")));
  });
  return {
    path,
    received: () => received,
    send: (text) => void helper.stdin.write(`write ${Buffer.from(text, "latin1").toString("hex")}\n`),
    pause: () => void helper.stdin.write("pause\n"),
    resume: () => void helper.stdin.write("resume\n"),
    async unplug() {
      helper.stdin.end();
      await ended;
    },
  };
}
