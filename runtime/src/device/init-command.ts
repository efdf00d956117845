/**
 * How a root server is started: under bubblewrap's init as pid 1 of its pid namespace. Node waits for its own children
 * only, so as pid 1 it would keep every orphan that the kernel hands it as a zombie: one for each component that ever
 * ended by itself, until no pid is left. bubblewrap's init waits for all.
 */

/**
 * What stands in front of the root server's command: a pid and a mount namespace of its own with the /proc that belongs
 * to them, all else as it is. Dies with who starts it, and with it everything below.
 *
 * /proc is mounted by unshare: bubblewrap covers parts of its own, and the kernel then refuses a fresh one to every user
 * namespace below (mount_too_revealing in fs/namespace.c), so that no component could have a user namespace.
 */
export const initCommand: readonly string[] = [
  ...["bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--die-with-parent", "--cap-add", "ALL", "--"],
  ...["unshare", "--mount", "--mount-proc", "--propagation", "private", "--"],
];
