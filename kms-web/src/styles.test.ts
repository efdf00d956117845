import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("styles.css", import.meta.url), "utf8");
const palette = new Map(
  [...css.matchAll(/--color-([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, { light, dark }] as const,
  ),
);

/** Text on its ground, as the console puts them together. */
const pairs = [
  ...["ground", "surface", "raised"].flatMap((ground) => ["ink", "muted", "accent"].map((text) => [text, ground])),
  ...["surface", "raised"].flatMap((ground) => ["bad", "warn"].map((text) => [text, ground])),
  ...["good", "warn", "bad"].map((tone) => [tone, `${tone}-soft`]),
  ["surface", "accent"],
];

test.each(pairs)("%s on %s can be read, light and dark (WCAG 2.2, 1.4.3)", (text = "", ground = "") => {
  for (const theme of ["light", "dark"] as const) {
    expect(contrast(palette.get(text)?.[theme] ?? "", palette.get(ground)?.[theme] ?? "")).toBeGreaterThanOrEqual(4.5);
  }
});

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio). */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
