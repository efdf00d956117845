/** Assertions of the manifest: information does not flow where `no-flow` says it must not. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, arrows, atValue, type Rule } from "../analysis.ts";
import { type FlowGraph, findFlow, flowGraph, flowNames, nodesNamed } from "../flow-graph.ts";
import type { Path } from "../source.ts";
import { suggest } from "../suggest.ts";

export const flowRule: Rule = (analysis) => {
  const assertions = analysis.written.assert ?? [];
  if (assertions.length === 0) return [];
  const graph = flowGraph(analysis.plan);
  return assertions.flatMap((assertion, index) => checkAssertion(analysis, graph, assertion["no-flow"], index));
};

type NoFlow = { from: string; to: string; "except-through"?: string | string[] | undefined };

function checkAssertion(analysis: Analysis, graph: FlowGraph, noFlow: NoFlow, index: number): ErrorReport[] {
  const path: Path = ["assert", index, "no-flow"];
  const through = [noFlow["except-through"] ?? []].flat();
  const named: [string, Path][] = [
    [noFlow.from, [...path, "from"]],
    [noFlow.to, [...path, "to"]],
    ...through.map((name): [string, Path] => [name, [...path, "except-through"]]),
  ];
  const unknown = named.flatMap(([name, at]) =>
    nodesNamed(graph, name).length > 0 ? [] : [unknownName(analysis, graph, name, at)],
  );
  if (unknown.length > 0) return unknown;
  const empty = checkMeaning(analysis, noFlow, through, path);
  if (empty.length > 0) return empty;
  const [from, to] = [nodesNamed(graph, noFlow.from), nodesNamed(graph, noFlow.to)];
  const way = findFlow(
    graph,
    from,
    to,
    through.flatMap((name) => nodesNamed(graph, name)),
  );
  if (way === undefined) return [];
  const message = `information can flow from \`${noFlow.from}\` to \`${noFlow.to}\`: ${arrows(way)}`;
  const remedy = `cut one of these steps, or name who may pass it on with \`except-through\``;
  return [atValue(analysis.source, { code: "MANIFEST_FLOW_FORBIDDEN", path, message, remedy })];
}

/** Assertions that would hold, or fail, whatever the system is. */
function checkMeaning({ source }: Analysis, noFlow: NoFlow, through: readonly string[], path: Path): ErrorReport[] {
  const { from, to } = noFlow;
  if (from === to) {
    const message = `\`from\` and \`to\` are both \`${from}\`, and whatever has something has it`;
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, "to"], message })];
  }
  const end = through.find((name) => name === from || name === to);
  if (end === undefined) return [];
  const message = `\`${end}\` is an end of the flow: with it excepted the assertion says nothing`;
  const remedy = "name who stands between them";
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, "except-through"], message, remedy })];
}

function unknownName({ source, written }: Analysis, graph: FlowGraph, name: string, path: Path): ErrorReport {
  const own = Object.values(written.components).flatMap(({ uses = {} }) => Object.keys(uses));
  const message = `\`${name}\` is no component, channel, device, pin, secret or network of this system`;
  const remedy = suggest(name, [...new Set([...Object.keys(written.components), ...own, ...flowNames(graph)])]);
  return atValue(source, { code: "MANIFEST_ASSERT_UNKNOWN", path, message, remedy });
}
