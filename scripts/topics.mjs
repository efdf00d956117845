/** The topics of a verb: the folders of one place, so that a new topic is a new folder and nothing else. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./setup/process.mjs";

/** @param {string} place folder of the topics, from the root of the repository */
async function topicsIn(place) {
  const entries = await readdir(join(root, place), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * Reads `npm run <verb> -- <topic> …`. Prints help, or what is wrong, and returns undefined where there is nothing to run.
 * @param {string} verb
 * @param {string} place
 * @param {string} what what a topic is, for people
 */
export async function readTopic(verb, place, what) {
  const [topic, ...rest] = process.argv.slice(2);
  const topics = await topicsIn(place);
  const isKnown = topic !== undefined && topics.includes(topic);
  if (isKnown) return { topic, rest };
  const isHelp = topic === undefined || topic === "--help" || topic === "-h";
  const unknown = isHelp ? "" : `${verb}: there is no topic \`${topic}\`\n`;
  const usage = `usage: npm run ${verb} -- <topic>\n${what}\ntopics: ${topics.join(", ") || "none yet"}\n`;
  process[isHelp ? "stdout" : "stderr"].write(unknown + usage);
  if (!isHelp) process.exitCode = 2;
  return undefined;
}
