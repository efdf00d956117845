/** What the device found when it last compared what runs with what is written. Nothing for a device that never says. */
import type { Verification } from "@bulkhead/protocol";
import { shortTime } from "../format/time.ts";

export function VerificationView({ verification }: { verification: Verification | null | undefined }) {
  if (!verification) return null;
  const { atMs, ok, components, differences, more, failure } = verification;
  if (ok) {
    return (
      <p className="mt-3 text-sm text-good">
        Verified {shortTime(atMs)}: what runs is what is written, in all {components} components.
      </p>
    );
  }
  return (
    <div role="alert" className="mt-4 rounded-lg border border-bad/40 bg-bad-soft px-4 py-2.5 text-sm text-bad">
      <p>
        Looked {shortTime(atMs)}:{" "}
        {differences.length > 0 ? "what runs is not what is written." : "not everything was seen."} {failure}
      </p>
      <ul className="mt-1 list-disc space-y-1 pl-5">
        {differences.map(({ component, what, expected, found }) => (
          <li key={`${component} ${what} ${expected} ${found}`} className="break-words">
            <span className="font-medium">{component}</span>: {what}: expected {expected}, found {found}
          </li>
        ))}
      </ul>
      {more > 0 && <p className="mt-1">and {more} more</p>}
    </div>
  );
}
