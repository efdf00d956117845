/** Which slot of a board runs, and what the two hold. Nothing where it has no slots. */
import type { BaseStatus } from "@bulkhead/protocol";

export function BaseView({ base }: { base: BaseStatus | undefined }) {
  if (!base) return null;
  const { slot, digest, other, onTrial } = base;
  return (
    <p className="mt-3 text-sm break-words">
      Base system {digest?.slice(0, 12) ?? "of an older image"} in slot {slot}
      {onTrial && ", on trial"}; slot {slot === "a" ? "b" : "a"}{" "}
      {other === null ? "holds nothing that is known to be whole" : `holds ${other.slice(0, 12)}`}.
    </p>
  );
}
