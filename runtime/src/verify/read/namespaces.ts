/** Looks into network namespaces by the programs that the network plan is applied with. */
import { readdir, readlink, stat } from "node:fs/promises";
import { createNamespaces, deleteNamespaces, namespacePath } from "../../network/namespaces.ts";
import { runTool } from "../../network/tools.ts";
import type { NetworkFacts } from "../facts.ts";
import { type NetworkTexts, networkFiles, parseNetwork } from "./network.ts";

/** Of the namespace that a path pins, or that it is a process's link to, as /proc/<pid>/ns writes it. */
export async function namespaceInode(path: string): Promise<string> {
  const link = await readlink(path).catch(() => null);
  if (link !== null) return link;
  const { ino } = await stat(path);
  return `net:[${ino}]`;
}

/** How a program is started elsewhere: nothing in front, `nsenter`, or `unshare` for a namespace that nobody has used. */
export type Where = readonly string[];
export const here: Where = [];
export const fresh: Where = ["unshare", "--net", "--"];
export const inside = (path: string): Where => ["nsenter", `--net=${path}`, "--"];

async function run(where: Where, program: string, args: readonly string[]): Promise<string> {
  const [first = program, ...rest] = [...where, program, ...args];
  return runTool(first, rest, "looking at a network namespace");
}

/** /proc/net shows the namespace of who reads it. Throws NETWORK_SETUP_FAILED: what was not read is not the same as nothing. */
export async function readNetworkOf(where: Where): Promise<NetworkFacts> {
  const paths = (await presentFiles()).map((name) => `/proc/net/${name}`);
  // A program of the coreutils, which every board has. From the first line on, each file below a line with its path.
  const text = await run(where, "tail", ["--verbose", "--lines=+1", "--", ...paths]);
  const texts = networkFiles.map((name) => [name, section(text, `/proc/net/${name}`)] as const);
  return parseNetwork(Object.fromEntries(texts) as NetworkTexts);
}

/** A kernel without IPv6 or routing does not have all of them, in no namespace. */
async function presentFiles(): Promise<string[]> {
  const present = await readdir("/proc/net");
  return networkFiles.filter((name) => present.includes(name));
}

function section(text: string, path: string): string {
  const [, after = ""] = `\n${text}`.split(`\n==> ${path} <==\n`);
  return `${after.split("\n==> ")[0]}\n`;
}

/** The packet filter without its counters. */
export function readRules(where: Where): Promise<string> {
  return run(where, "nft", ["-s", "list", "ruleset"]);
}

/** How the kernel shows each of these rule sets: they are loaded, one after another, into a namespace of their own. */
export async function showRules(ruleSets: readonly string[]): Promise<string[]> {
  await createNamespaces([scratch]);
  try {
    const shown: string[] = [];
    for (const rules of ruleSets) {
      await run(inside(namespacePath(scratch)), "nft", [rules]);
      shown.push(await readRules(inside(namespacePath(scratch))));
    }
    return shown;
  } finally {
    await deleteNamespaces([scratch]);
  }
}

/** No component's namespace has this name: theirs begin with `c-`. */
const scratch = "verify";
