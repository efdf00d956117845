/** The client libraries, and the programs that show each of them. */
import { join } from "node:path";
import { buildCStation } from "./c-station.ts";
import { buildErlangStation } from "./erlang-station.ts";
import { buildRustStation, hasRust } from "./rust-station.ts";

/** Programs that never answer. */
const holder = join(import.meta.dirname, "holder");
export const languages = [
  { language: "C", build: buildCStation, hold: join(holder, "c"), skip: false },
  { language: "Erlang", build: buildErlangStation, hold: join(holder, "erlang"), skip: false },
  { language: "Rust", build: buildRustStation, hold: join(holder, "rust"), skip: !hasRust() },
];
