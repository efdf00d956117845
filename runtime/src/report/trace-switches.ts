/** Which components record a trace: as the manifest says at first, then as somebody switched them; kept over restarts. */
import type { System, ToComponent, ToRoot } from "@bulkhead/protocol";

export type TraceSwitches = {
  /** What `start` tells a component; undefined where it has no ring. */
  settings(component: string): ToComponent["start"]["trace"];
  /** `component` null: all. `tell` tells one of them. */
  set(wish: ToRoot["trace"], tell: (component: string, body: ToComponent["trace"]) => void): void;
};

export function createTraceSwitches({ components }: System): TraceSwitches {
  const names = Object.keys(components).filter((name) => (components[name]?.trace.ringBytes ?? 0) > 0);
  const recording = new Set(names.filter((name) => components[name]?.trace.enabled));
  return {
    settings(name) {
      if (!names.includes(name)) return undefined;
      return { ringBytes: components[name]?.trace.ringBytes ?? 0, enabled: recording.has(name) };
    },
    set({ component, enabled }, tell) {
      for (const name of names.filter((one) => component === null || one === component)) {
        if (enabled) recording.add(name);
        else recording.delete(name);
        tell(name, { enabled });
      }
    },
  };
}
