/** Names of core servers, and words that mean something else in a system, are not free for components. */
import { coreImages } from "../../images.ts";
import { atKey, type Rule } from "../analysis.ts";

// `runtime` labels the root server's own log lines; `root-server` and `system` would read as the supervisor's.
const words = ["runtime", "root-server", "system"];

export const namesRule: Rule = ({ written, source }) =>
  Object.keys(written.components)
    .filter((name) => Object.hasOwn(coreImages, name) || words.includes(name))
    .map((name) => {
      const message = `the name \`${name}\` belongs to the runtime`;
      const remedy = "give the component another name; core servers are in every system without being written";
      return atKey(source, { code: "MANIFEST_INVALID_VALUE", path: ["components", name], message, remedy });
    });
