/** What of a board's image is made here, and what somebody has to bring: in words that promise nothing else. */
import type { Board } from "@bulkhead/protocol/manifest";

export type Tier = { readonly tier: "none" | "built" | "boot-loader" | "board-support"; readonly detail: string };

export function tierOf({ image }: Board): Tier {
  if (image === undefined) return { tier: "none", detail: "starts from no image" };
  const { tier, kernel } = image;
  const details = {
    built: `whole: ${kernel}, with ${image["boot-loader"]?.package ?? "the boot loader that it has"}`,
    "boot-loader": `${kernel}; its boot loader has to be on it, or be brought`,
    "board-support": "with its maker's kernel and device tree (--bsp), or for its maker's Linux (image archive)",
  };
  return { tier, detail: details[tier] };
}
