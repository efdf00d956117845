/** Keys of `config` that the compiler and the root server fill in are not the author's to set. */
import { atKey, driverClassOf, type Rule } from "../analysis.ts";

export const configRule: Rule = ({ written, source }) =>
  Object.entries(written.components).flatMap(([name, component]) => {
    const reserved = driverClassOf(component.image) === undefined ? ["network"] : ["network", "backend"];
    return reserved
      .filter((key) => component.config !== undefined && Object.hasOwn(component.config, key))
      .map((key) => {
        const path = ["components", name, "config", key];
        const message = `the runtime sets \`config.${key}\` of \`${name}\` itself`;
        return atKey(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: `remove \`${key}\`` });
      });
  });
