/** The oldest Node that can run the set-up; everything after it runs on the Node that npm pins. */
import { Unready } from "./unready.mjs";

const oldest = { major: 20, minor: 19 };

/** @param {string} version for example `20.19.2` */
export function checkNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  throw new Unready(
    `Bulkhead needs Node ${oldest.major}.${oldest.minor} or newer to set itself up, and this is ${version}: ` +
      "install a newer Node (Debian 13 has one; https://nodejs.org has packages for the others).",
  );
}
