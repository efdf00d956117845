/** Overlays as lines of text. Names and values in them come from others; whoever prints them makes them printable. Pure. */
import type { EndedOverlay, OverlaySummary, OverlaysSummary, SetValue } from "./overlay-summary.ts";

export function overlaysLines({ added, removed, kept, comparable, trustedAnew }: OverlaysSummary): string[] {
  return [
    "overlays",
    ...(comparable ? [] : ["  ! these keys did not sign the list before: all of it is trusted anew"]),
    ...trustedAnew.map((target) => `  + ${target}`),
    ...added.flatMap((one) => overlayLines(one).map((line, at) => `${at === 0 ? "  + " : "      "}${line}`)),
    ...removed.map((target) => `  - ${target}`),
    ...(kept > 0 ? [`    ${kept} as before`] : []),
    ...(added.length + removed.length + trustedAnew.length === 0 ? ["    nothing but the expiry changes"] : []),
  ];
}

export function overlayLines(one: OverlaySummary | EndedOverlay): string[] {
  const { target, digest, overlay, release } = one;
  const { devices, deployment, expiresMs, base } = overlay;
  const whom = devices === null ? "every device" : devices.join(", ");
  return [
    target,
    `digest            ${digest}`,
    `for               ${whom} of ${deployment}, until ${new Date(expiresMs).toISOString()}`,
    `on                ${release === null ? `${base}; its release is not signed any more` : `${release}, ${base}`}`,
    ...(one.release === null
      ? one.values.map(({ place, after }) => `${place}: ${JSON.stringify(after)}`)
      : [`effective digest  ${one.effectiveDigest}`, ...one.values.map(changeLine)]),
  ];
}

const changeLine = ({ place, before, after }: SetValue): string =>
  `${place}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
