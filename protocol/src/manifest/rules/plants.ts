/** On a simulated board a driver reaches its plant by the use `plant`; serial ports are loops there, and a real board has none. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atKey, atValue, driverClassOf, type Rule } from "../analysis.ts";

const plantInterfaces: Readonly<Record<string, string>> = { i2c: "simulated-bus", gpio: "simulated-pins" };

export const plantRule: Rule = (analysis) =>
  Object.entries(analysis.written.components).flatMap(([name, { image, uses = {} }]) => {
    const driver = driverClassOf(image);
    if (driver === undefined) return [];
    const isSimulated = analysis.board.backend === "simulated";
    if (isSimulated && Object.hasOwn(plantInterfaces, driver)) return checkSimulated(analysis, name, driver);
    if (!Object.hasOwn(uses, "plant")) return [];
    const path = ["components", name, "uses", "plant"];
    const why = isSimulated ? "gives serial ports as loops" : "has real devices";
    const message = `board \`${analysis.board.board}\` ${why}, so the driver \`${name}\` takes no plant`;
    return [
      atKey(analysis.source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "remove the use `plant`" }),
    ];
  });

function checkSimulated({ plan, source, board }: Analysis, name: string, driver: string): ErrorReport[] {
  const expected = plantInterfaces[driver];
  const channel = plan.channels.find(({ client, name: use }) => client === name && use === "plant");
  if (channel === undefined) {
    const message = `board \`${board.board}\` is simulated: the driver \`${name}\` lacks a use \`plant\``;
    const remedy = `write \`uses: { plant: <component>.<service> }\`, with a service of interface \`${expected}\``;
    return [atKey(source, { code: "MANIFEST_MISSING_KEY", path: ["components", name], message, remedy })];
  }
  if (channel.interface === expected) return [];
  const path = ["components", name, "uses", "plant"];
  const message = `the plant of \`${name}\` must be a \`${expected}\`, and \`${channel.provider}.${channel.service}\` is a \`${channel.interface}\``;
  return [atValue(source, { code: "MANIFEST_UNKNOWN_INTERFACE", path, message })];
}
