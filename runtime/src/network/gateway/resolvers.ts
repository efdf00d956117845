/**
 * Whom this board asks for names: given in its configuration, or written by its DHCP client as resolv.conf(5). Of such a file nothing
 * but addresses is taken: no search list, no option.
 */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { maxResolvers } from "../../asker/index.ts";
import { mayBeAsked } from "./address.ts";

/** Larger ones are no file of a DHCP client; what is behind it is not looked at. */
const maxBytes = 8192;

/** Empty where there is none, or none is known yet. */
export async function readResolvers(source: string | readonly string[]): Promise<readonly string[]> {
  if (typeof source !== "string") return source;
  return parseResolvers((await readFile(source).catch(() => Buffer.alloc(0))).toString("latin1", 0, maxBytes));
}

/** The first three addresses of `nameserver` lines. Pure. */
export function parseResolvers(text: string): string[] {
  const found = text.split("\n").map((line) => /^nameserver[ \t]+([0-9A-Fa-f.:]{2,45})[ \t\r]*$/.exec(line)?.[1] ?? "");
  return [...new Set(found.filter((address) => isIP(address) > 0 && mayBeAsked(address)))].slice(0, maxResolvers);
}
