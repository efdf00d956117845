/** Overlays as lines of text. Names and values in them come from others; whoever prints them makes them printable. Pure. */
import type { OverlaySummary, OverlaysSummary } from "./overlay-summary.ts";

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

export function overlayLines({ target, digest, overlay, release, effectiveDigest, values }: OverlaySummary): string[] {
  const { devices, deployment, expiresMs, base } = overlay;
  const whom = devices === null ? "every device" : devices.join(", ");
  return [
    target,
    `digest            ${digest}`,
    `for               ${whom} of ${deployment}, until ${new Date(expiresMs).toISOString()}`,
    `on                ${release}, ${base}`,
    `effective digest  ${effectiveDigest}`,
    ...values.map(({ place, before, after }) => `${place}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`),
  ];
}
