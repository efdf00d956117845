/** Sandboxes are made of namespaces: may this user make any? One attempt decides, the sysctls only explain. */
import { readFile } from "node:fs/promises";
import { run } from "./process.mjs";
import { Unready } from "./unready.mjs";

export async function checkNamespaces() {
  if (process.getuid?.() === 0) {
    const { ok } = await run("unshare", ["--mount", "--net", "--pid", "--fork", "true"], { quiet: true });
    if (ok) return;
    throw new Unready(
      "This root may not make namespaces, so there is nothing to build sandboxes of: " +
        "a container must be started with CAP_SYS_ADMIN and CAP_NET_ADMIN (docker run --privileged).",
    );
  }
  const { ok } = await run("unshare", ["--user", "--map-root-user", "true"], { quiet: true });
  if (!ok) throw new Unready(await explain());
}

async function explain() {
  const start =
    "An ordinary user may not make user namespaces on this machine, so there is nothing to build sandboxes of";
  if ((await sysctl("kernel/apparmor_restrict_unprivileged_userns")) === "1") {
    return (
      `${start} (Ubuntu's AppArmor rule): run it as root, \`sudo npm start\`, or allow them with ` +
      "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
    );
  }
  if ((await sysctl("kernel/unprivileged_userns_clone")) === "0") {
    return `${start}: run it as root, \`sudo npm start\`, or allow them with \`sudo sysctl -w kernel.unprivileged_userns_clone=1\`.`;
  }
  if ((await sysctl("user/max_user_namespaces")) === "0") {
    return `${start}: run it as root, \`sudo npm start\`, or allow them with \`sudo sysctl -w user.max_user_namespaces=15000\`.`;
  }
  return `${start} (a container without that permission, for one): run it as root, or on a machine that allows them.`;
}

/** @param {string} path below /proc/sys */
async function sysctl(path) {
  return (await readFile(`/proc/sys/${path}`, "utf8").catch(() => "")).trim();
}
