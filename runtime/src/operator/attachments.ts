/** Who looks into which component now. While a debugger may stop a component, no missing heartbeat ends it. */
import { type AttachTool, BulkheadError, type System } from "@bulkhead/protocol";
import { membersOf } from "../trust-groups/index.ts";

type Component = System["components"][string];

export type Attachments = {
  /** Marks `component` as looked into; returns what takes the mark away again. */
  add(component: string, tool: AttachTool): () => void;
  of(component: string): AttachTool[];
  /** Deadlines of its heartbeat and its start stand still. */
  stands(component: string): boolean;
  all(): { readonly component: string; readonly tools: AttachTool[] }[];
};

/** `onChange`: somebody came or went. */
export function createAttachments(
  system: () => System,
  onChange: () => void,
  nowMs: () => number = performance.now.bind(performance),
): Attachments {
  const marks = new Set<{ readonly component: string; readonly tool: AttachTool }>();
  /** After a debugger has gone a component gets the time that any has between two heartbeats. */
  const standsUntilMs = new Map<string, number>();

  const of = (component: string) => [...marks].filter((mark) => mark.component === component).map(({ tool }) => tool);

  return {
    add(component, tool) {
      const mark = { component, tool };
      marks.add(mark);
      onChange();
      return () => {
        if (!marks.delete(mark)) return;
        const { periodMs = 0, missed = 0 } = system().components[component]?.heartbeat ?? {};
        if (tool !== "record") standsUntilMs.set(component, nowMs() + periodMs * missed);
        onChange();
      };
    },
    of,
    // A process that is stopped is stopped for all that are in it.
    stands: (component) =>
      membersOf(system(), component).some(
        (member) => of(member).some((tool) => tool !== "record") || (standsUntilMs.get(member) ?? 0) > nowMs(),
      ),
    all: () =>
      [...new Set([...marks].map(({ component }) => component))].map((component) => ({
        component,
        tools: of(component),
      })),
  };
}

/** Throws NOT_FOUND, and ATTACH_REFUSED where the manifest does not name `tool`. */
export function allowed({ components }: System, name: string, tool: AttachTool): Component {
  const component = Object.hasOwn(components, name) ? components[name] : undefined;
  if (!component) {
    throw new BulkheadError("NOT_FOUND", `there is no component ${name}`, {
      remedy: `the system has ${Object.keys(components).join(", ").slice(0, 300)}`,
    });
  }
  if (component.attach.includes(tool)) return component;
  throw new BulkheadError("ATTACH_REFUSED", `the manifest of ${name} does not allow \`${tool}\``, {
    remedy: `write \`attach: [${tool}]\` there, on a board whose policy has it, and build and deploy again`,
  });
}
