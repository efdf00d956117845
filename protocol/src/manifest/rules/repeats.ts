/** A list of names holds each name once: the second is a slip, and often stands for the one that was meant. */
import { atValue, type Rule } from "../analysis.ts";
import type { Path } from "../source.ts";
import type { ComponentWritten, ManifestWritten } from "../written.ts";

type List = { path: Path; values: readonly (string | number)[] | undefined };

export const repeatRule: Rule = ({ written, source }) =>
  listsOf(written).flatMap(({ path, values = [] }) =>
    values.flatMap((value, index) => {
      if (values.indexOf(value) === index) return [];
      const message = `\`${value}\` stands in ${path.join(".")} a second time`;
      return [
        atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, index], message, remedy: "remove one" }),
      ];
    }),
  );

function listsOf(written: ManifestWritten): List[] {
  return [
    { path: ["requires"], values: written.requires },
    { path: ["shared-secrets"], values: written["shared-secrets"] },
    { path: ["housekeeping-cores"], values: written["housekeeping-cores"] },
    ...Object.entries(written.components).flatMap(([name, component]) => listsOfComponent(name, component)),
    ...(written.assert ?? []).flatMap((assertion, index): List[] => {
      const through = assertion["no-flow"]["except-through"];
      return Array.isArray(through) ? [{ path: ["assert", index, "no-flow", "except-through"], values: through }] : [];
    }),
  ];
}

function listsOfComponent(name: string, component: ComponentWritten): List[] {
  const path = ["components", name];
  const plain = (["devices", "network", "attach", "secrets", "requires"] as const).map(
    (key): List => ({ path: [...path, key], values: component[key] }),
  );
  const operations = Object.entries(component.uses ?? {}).map(
    ([channel, use]): List => ({
      path: [...path, "uses", channel, "operations"],
      values: typeof use === "string" ? undefined : use.operations,
    }),
  );
  return [...plain, { path: [...path, "cpu", "cores"], values: component.cpu?.cores }, ...operations];
}
