/** `node hardware-in-loop/emulated/main.ts BOARD COMMAND…`: one command in an emulated board, for a look at what is there. */
import { boards } from "./boards/index.ts";
import { runInGuest } from "./guest.ts";

const [name = "", ...argv] = process.argv.slice(2);
const board = boards.get(name);
if (board === undefined || argv.length === 0) {
  process.stderr.write(`which board, and which command? Boards: ${[...boards.keys()].join(", ")}\n`);
  process.exitCode = 2;
} else {
  const onOutput = (text: string) => void process.stdout.write(text);
  const outcome = await runInGuest({
    board,
    argv,
    processors: 2,
    memoryMiB: 1024,
    nice: 0,
    boundMs: 600_000,
    onOutput,
  });
  const seconds = [outcome.shellMs ?? 0, outcome.wallMs].map((ms) => (ms / 1000).toFixed(1));
  process.stderr.write(
    `${outcome.kernel}: the command began after ${seconds[0]} s, the board was off after ${seconds[1]} s\n`,
  );
  if (outcome.exitCode === null) process.stderr.write(`${outcome.console}\n`);
  process.exitCode = outcome.exitCode ?? 1;
}
