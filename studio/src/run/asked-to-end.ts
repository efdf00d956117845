/** How a person ends what runs in the foreground. */

/** Resolves at Ctrl-C, at SIGTERM, and when the terminal goes away. To be asked for before anything exists. */
export function askedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
}
