/** What overlays may set, from what the components of a manifest mark. Pure. */
import type { OverlayRange } from "../overlay/range.ts";
import type { System } from "../system.ts";
import type { Board } from "./board.ts";
import { defaults } from "./defaults.ts";
import type { ComponentWritten, ManifestWritten } from "./written.ts";
import type { OverlayableWritten } from "./written-overlayable.ts";

type RangeWritten = NonNullable<OverlayableWritten["config"]>[string];

/** Nothing where nothing is marked: the system is as if there were no overlays. */
export function overlayableOf(written: ManifestWritten, board: Board): Pick<System, "overlayable"> {
  const values = Object.fromEntries(
    Object.entries(written.components).flatMap(([name, component]) => rangesOf(name, component)),
  );
  return Object.keys(values).length === 0 ? {} : { overlayable: { memoryBytes: board.memory, values } };
}

function rangesOf(name: string, component: ComponentWritten): [string, OverlayRange][] {
  const { config = {}, memory, network } = component.overlayable ?? {};
  const min = component.memory ?? defaults.memoryBytes;
  return [
    ...Object.entries(config).map(([key, range]): [string, OverlayRange] => [`${name}.config.${key}`, rangeOf(range)]),
    ...(memory ? [[`${name}.memory`, { type: "integer", min, max: memory.max }] satisfies [string, OverlayRange]] : []),
    ...(network
      ? [[`${name}.network`, { type: "subset", of: [...(component.network ?? [])] }] satisfies [string, OverlayRange]]
      : []),
  ];
}

function rangeOf(written: RangeWritten): OverlayRange {
  if (written.type === "text") return { type: "text", maxLength: written.length };
  return written.type === "choice" ? { type: "choice", of: [...written.of] } : written;
}
