/** A button, as the console draws all of them. */
import type { ButtonHTMLAttributes } from "react";

const looks = {
  plain: "border-line bg-surface hover:bg-raised",
  strong: "border-transparent bg-accent text-surface hover:opacity-90",
} as const;

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { look?: keyof typeof looks; small?: boolean };

export function Button({ look = "plain", small = false, className = "", ...rest }: Props) {
  const size = small ? "px-2 py-0.5 text-xs" : "px-3 py-1.5 text-sm";
  return (
    <button
      type="button"
      className={`rounded-md border font-medium disabled:opacity-50 ${size} ${looks[look]} ${className}`}
      {...rest}
    />
  );
}
