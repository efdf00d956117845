/**
 * How a root server is started: under bubblewrap's init as pid 1 of its pid namespace. Node waits for its own children
 * only, so as pid 1 it would keep every orphan that the kernel hands it as a zombie: one for each component that ever
 * ended by itself, until no pid is left. bubblewrap's init waits for all.
 */

/**
 * Options of `bwrap` in front of the root server's command: pid and mount namespace of its own, /proc of that namespace,
 * all else as it is. Dies with who starts it, and with it everything below.
 */
export const initCommand: readonly string[] = [
  "bwrap",
  ...["--dev-bind", "/", "/"],
  ...["--unshare-pid", "--proc", "/proc"],
  ...["--die-with-parent", "--cap-add", "ALL"],
  "--",
];
