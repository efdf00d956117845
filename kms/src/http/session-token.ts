/**
 * Who may use the API. The command line reads the session token from a file that only its user can read. A browser gets
 * a cookie through a login link that works once, so that neither history nor a log keeps a way in; the cookie is derived
 * from the token and is no token itself.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { BulkheadError, randomToken, sha256 } from "@bulkhead/protocol";
import { readIfThere, writeWhole } from "../files.ts";

export const cookieName = "bulkhead-session";

const linkLifeMs = 24 * 3600 * 1000;
const maxLinks = 100;

export type Access = {
  /** True for the session token itself. */
  isToken(token: string): boolean;
  isCookie(value: string): boolean;
  /** A code for one login. */
  issueCode(): string;
  /** The cookie's value, or undefined where the code is unknown, used or a day old. */
  redeemCode(code: string): string | undefined;
};

/** Reads the token, or makes it at the first start. Errors: STATE_DAMAGED. */
export async function openAccess(stateDir: string): Promise<Access> {
  const token = await readToken(join(stateDir, "session-token"));
  const cookie = createHmac("sha256", token).update("browser session").digest("base64url");
  const links = new Map<string, number>();
  return {
    isToken: (value) => isSame(value, token),
    isCookie: (value) => isSame(value, cookie),
    issueCode() {
      const code = randomToken();
      links.set(sha256(code), Date.now() + linkLifeMs);
      const [oldest] = links.keys();
      if (links.size > maxLinks && oldest !== undefined) links.delete(oldest);
      return code;
    },
    redeemCode(code) {
      const key = sha256(code);
      const expiresMs = links.get(key) ?? 0;
      links.delete(key);
      return expiresMs > Date.now() ? cookie : undefined;
    },
  };
}

async function readToken(file: string): Promise<string> {
  const stored = await readIfThere(file);
  if (stored === undefined) {
    const made = randomToken();
    await writeWhole(file, made);
    return made;
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(stored.trim())) {
    throw new BulkheadError("STATE_DAMAGED", `${file} does not hold a session token`, {
      remedy: "delete the file; the next start makes a new token",
    });
  }
  return stored.trim();
}

/** Compares digests, so that neither length nor content shows in the time it takes. */
function isSame(value: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(value)), Buffer.from(sha256(secret)));
}
