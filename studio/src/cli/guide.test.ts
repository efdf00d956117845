import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../commands.ts";
import { bulkheadDirectory } from "../locations.ts";
import { commandPaths, findCommand, helpOf, resolved } from "./tree.ts";

const guide = join(bulkheadDirectory, "docs/guide/command-line.md");
const marked = /^<!-- help: (.+) -->\n(?:\n```text\n[\s\S]*?\n```\n(?:\n(?=<!--))?)?/gm;

const help = async (path: readonly string[]) => helpOf(await findCommand(root, path), false);

test("[S8] the guide prints the help of each command as the command does (-u writes it anew)", async () => {
  const text = await readFile(guide, "utf8");
  const paths = [...text.matchAll(marked)].map(([, path]) => (path ?? "").split(" "));
  const helps = await Promise.all(paths.map(help));
  const filled = text.replace(marked, (_, path: string) => {
    const words = helps.shift()?.trim();
    return `<!-- help: ${path} -->\n\n\`\`\`text\n${words}\n\`\`\`\n`;
  });
  await expect(filled.replace(/```\n<!--/g, "```\n\n<!--")).toMatchFileSnapshot(guide);
});

test("[S8] no command is missing from the guide", async () => {
  const text = await readFile(guide, "utf8");
  const groups = new Set(["keys", "kms", "device", "image", "root", "request", "overlay"]);
  for (const path of (await commandPaths(root)).map((one) => one.join(" ")).filter((one) => !groups.has(one)))
    expect(text).toContain(`<!-- help: ${path} -->`);
});

test("[S8] help names the whole command, and has no colours where no terminal is", async () => {
  const text = await help(["device", "restart"]);
  expect(text).toContain("USAGE bulkhead device restart [OPTIONS] <DEVICE> [COMPONENT]");
  expect(text).not.toContain("\u001b");
  expect(text).not.toMatch(/ $/m);
});

test("[S8] each command in the guide to the ceremonies exists, and has the options that it is given", async () => {
  const text = await readFile(join(bulkheadDirectory, "docs/guide/keys.md"), "utf8");
  const lines = [...text.matchAll(/^ {4}bulkhead (.+)$/gm)].map(([, line]) => (line ?? "").split(" "));
  expect(lines.length).toBeGreaterThan(40);
  for (const line of lines) {
    const { command, rest } = await findCommand(root, line);
    expect([line, command.subCommands]).toEqual([line, undefined]);
    const known = Object.keys((await resolved(command.args)) ?? {});
    const given = rest.flatMap((word) => /^--([^=]+)/.exec(word)?.[1] ?? []);
    expect([line, given.filter((name) => !known.includes(name))]).toEqual([line, []]);
  }
});
