/**
 * The host's end of a guest's control line. The guest says when it comes to its command; while that runs, specifications ask for what
 * the world does to the board; at the end the guest says how the command ended, and sends its report:
 * `shell`, `ask <JSON>` answered by `answer <JSON>` … `exit <code>`, the report, `end`.
 */
export type Control = {
  feed(text: string, answer: (text: string) => void): void;
  /** Resolves when the guest has said all. */
  readonly ended: Promise<void>;
  /** null where it never said. */
  exitCode(): number | null;
  report(): string;
};

export type ControlEvents = {
  /** Takes the request as JSON, and gives the answer as JSON; it does not reject. */
  ask(request: string): Promise<string>;
  onShell(): void;
};

export function createControl({ ask, onShell }: ControlEvents): Control {
  let rest = "";
  let exit: number | null = null;
  const report: string[] = [];
  let hasEnded = false;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = () => {
      hasEnded = true;
      resolve();
    };
  });
  const take = (line: string, answer: (text: string) => void) => {
    if (hasEnded) return;
    if (exit !== null) {
      if (line === "end") end();
      else report.push(line);
      return;
    }
    const [verb, argument = ""] = split(line);
    if (verb === "shell") onShell();
    if (verb === "exit" && /^\d+$/.test(argument)) exit = Number(argument);
    if (verb === "ask") void ask(argument).then((text) => answer(`answer ${text}\n`));
  };
  return {
    feed: (text, answer) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(line, answer);
    },
    ended,
    exitCode: () => exit,
    report: () => report.join("\n"),
  };
}

function split(line: string): [string, string?] {
  const space = line.indexOf(" ");
  return space < 0 ? [line] : [line.slice(0, space), line.slice(space + 1)];
}
