/** The switch between the system's theme, light and dark. */
import { useState } from "react";
import { storedTheme, storeTheme, type Theme, themes } from "./theme.ts";

const labels: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };

export function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  const choose = (next: Theme) => {
    storeTheme(next);
    setTheme(next);
  };
  return (
    <fieldset className="flex rounded-md border border-line p-0.5 text-xs">
      <legend className="sr-only">Colours</legend>
      {themes.map((option) => (
        <label
          key={option}
          className="cursor-pointer rounded px-2 py-0.5 text-muted has-checked:bg-raised has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            name="theme"
            className="sr-only"
            checked={theme === option}
            onChange={() => choose(option)}
          />
          {labels[option]}
        </label>
      ))}
    </fieldset>
  );
}
