/** `npm run --silent node -- FILE`: runs a file, TypeScript too, on the Node that npm pins, in the directory one is in. */
import { spawn } from "node:child_process";
import { nodePath } from "./setup/pinned-node.mjs";

const child = spawn(nodePath(), process.argv.slice(2), { cwd: process.env["INIT_CWD"], stdio: "inherit" });
child.once("close", (code) => {
  process.exitCode = code ?? 1;
});
