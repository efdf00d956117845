/** Which components record a trace: as the manifest says at first, then as somebody switched them; kept over restarts. */
import type { System, ToComponent, ToRoot } from "@bulkhead/protocol";

export type TraceSwitches = {
  /** What `start` tells a component; undefined where it has no ring. */
  settings(component: string): ToComponent["start"]["trace"];
  /** Another system runs: as its manifest says, but for those that went on. */
  follow(staying: readonly string[]): void;
  /** `component` null: all. `tell` tells one of them. */
  set(wish: ToRoot["trace"], tell: (component: string, body: ToComponent["trace"]) => void): void;
};

export function createTraceSwitches(system: () => System): TraceSwitches {
  const ringOf = (name: string) => system().components[name]?.trace;
  const names = () => Object.keys(system().components).filter((name) => (ringOf(name)?.ringBytes ?? 0) > 0);
  let recording = new Set(names().filter((name) => ringOf(name)?.enabled));
  return {
    settings(name) {
      if (!names().includes(name)) return undefined;
      return { ringBytes: ringOf(name)?.ringBytes ?? 0, enabled: recording.has(name) };
    },
    follow(staying) {
      const before = recording;
      recording = new Set(
        names().filter((name) => (staying.includes(name) ? before.has(name) : ringOf(name)?.enabled)),
      );
    },
    set({ component, enabled }, tell) {
      for (const name of names().filter((one) => component === null || one === component)) {
        if (enabled) recording.add(name);
        else recording.delete(name);
        tell(name, { enabled });
      }
    },
  };
}
