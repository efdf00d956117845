/**
 * The host's end of a guest's control line. While the command runs, specifications ask for what the world does to the board; at the end
 * the guest says how the command ended, and sends its report:
 * `ask <JSON>` answered by `answer <JSON>` … `exit <code>`, the report, `end`.
 */
export type Control = {
  feed(text: string, answer: (text: string) => void): void;
  /** Resolves when the guest has said all. */
  readonly ended: Promise<void>;
  /** null where it never said. */
  exitCode(): number | null;
  report(): string;
};

/** `ask` takes the request as JSON, and gives the answer as JSON; it does not reject. */
export function createControl(ask: (request: string) => Promise<string>): Control {
  let rest = "";
  let exit: number | null = null;
  const report: string[] = [];
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const take = (line: string, answer: (text: string) => void) => {
    if (exit !== null) {
      if (line === "end") end();
      else report.push(line);
      return;
    }
    const [verb, argument = ""] = split(line);
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
