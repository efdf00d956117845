/** A component can only require a layer that it asks for: else it would never start. */
import { atValue, type Rule } from "../analysis.ts";

export const layerRule: Rule = ({ plan, written, source }) =>
  Object.entries(written.components).flatMap(([name, { requires = [] }]) => {
    const { cpu, cores = [], storage } = plan.components[name] ?? {};
    const absent = [
      ...(cpu?.class === "deadline" ? [] : [{ layer: "deadline" as const, lacks: "`cpu: { class: deadline, … }`" }]),
      ...(cores.length > 0 ? [] : [{ layer: "cores" as const, lacks: "`cores` under `cpu`" }]),
      ...(storage?.quotaBytes ? [] : [{ layer: "storage-quota" as const, lacks: "`storage`" }]),
    ];
    return absent.flatMap(({ layer, lacks }) => {
      const index = requires.indexOf(layer);
      if (index < 0) return [];
      const message = `\`${name}\` requires the layer \`${layer}\` and has no ${lacks}`;
      const path = ["components", name, "requires", index];
      const remedy = `remove \`${layer}\`, or write what it lacks`;
      return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy })];
    });
  });
