/** The releases that the server has, newest first, and the way to put one on the device. */
import { useReleases } from "../api/queries.ts";
import type { Device, Release } from "../api/types.ts";
import { Badge } from "../parts/badge.tsx";
import { Note, ProblemNote } from "../parts/note.tsx";
import { Section } from "../parts/section.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { CommandButton } from "./command-button.tsx";

export function ReleaseList({ device }: { device: Device }) {
  const { data: releases, error } = useReleases();
  const newestFirst = [...(releases ?? [])].sort((a, b) => b.uploadedAtMs - a.uploadedAtMs);
  return (
    <Section title="Releases" flush>
      {error && !releases && <ProblemNote error={error} what="The releases cannot be listed" />}
      {releases?.length === 0 && (
        <Note>
          No release has been uploaded. <code className="font-mono">bulkhead deploy</code> builds, signs and uploads
          one.
        </Note>
      )}
      {newestFirst.length > 0 && (
        <table className="w-full text-sm">
          <tbody>
            {newestFirst.map((release) => (
              <ReleaseRow key={release.digest} device={device} release={release} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function whomText({ deployments = [], devices }: NonNullable<Release["onlyFor"]>): string {
  return [...deployments, ...(devices ? [`${devices.length} devices by their ids`] : [])].join(", ");
}

function ReleaseRow({ device, release }: { device: Device; release: Release }) {
  const { digest, target, name, version, releaseCounter, board, uploadedAtMs, envelope, rollbackFrom, onlyFor } =
    release;
  const isRunning = device.release?.digest === digest && device.overlay === null;
  return (
    <tr className="border-b border-line last:border-0">
      <th scope="row" className="px-4 py-2.5">
        {name} {version} <span className="font-normal text-muted">({releaseCounter})</span>
        {rollbackFrom !== null && (
          <span className="ml-2 font-normal text-muted" title="A rollback statement of the release keys">
            the way back from {rollbackFrom}
          </span>
        )}
        {onlyFor !== null && (
          <span className="ml-2 font-normal text-muted" title="What the release keys say; other devices refuse it">
            only for {whomText(onlyFor)}
          </span>
        )}
      </th>
      <td className="px-4 py-2.5 text-muted">{board}</td>
      <td className="px-4 py-2.5 font-mono text-xs text-muted" title={digest}>
        {digest.slice(0, 12)}
        {envelope ? " encrypted" : ""}
      </td>
      <td className="px-4 py-2.5 text-muted">
        <TimeAgo atMs={uploadedAtMs} />
      </td>
      <td className="px-4 py-2.5 text-right">
        {isRunning && <Badge tone="good">running</Badge>}
        {!isRunning && !release.isSigned && <Badge tone="quiet">withdrawn</Badge>}
        {!isRunning && release.isSigned && (
          <CommandButton
            small
            device={device}
            label="Deploy"
            description={`Deploy ${name} ${version} (${releaseCounter})`}
            question={`Deploy ${name} ${version}?`}
            command={{ kind: "deploy", target, releaseDigest: digest }}
          >
            {device.name} fetches the release and checks its signatures itself. If it does not start, the device goes
            back to what it runs now.
          </CommandButton>
        )}
      </td>
    </tr>
  );
}
