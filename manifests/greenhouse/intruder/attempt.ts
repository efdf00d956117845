/** One attempt to get out, and what came of it, so that a reader can judge whether it was refused. */

export type Attempt = {
  what: string;
  how: string;
  refused: boolean;
  /** The system's own word for the refusal (`EACCES`), or null where nothing refused. */
  code: string | null;
};

/** A system that does not answer has refused, too; this is how long it may take. */
const patienceMs = 1_000;

/** Runs `action`; that it succeeds is the finding. */
export async function attempt(what: string, how: string, action: () => unknown): Promise<Attempt> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const impatience = new Promise((_, reject) => {
      timer = setTimeout(() => reject(refusal("ETIMEDOUT")), patienceMs);
    });
    await Promise.race([Promise.resolve().then(action), impatience]);
    return { what, how, refused: false, code: null };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { what, how, refused: true, code: code ?? String(error).slice(0, 40) };
  } finally {
    clearTimeout(timer);
  }
}

/** For what is no system call of its own: a refusal with a code. */
export function refusal(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
