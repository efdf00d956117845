/** The running manifest: its channels as a table, its components' limits, and the canonical document itself. */
import type { DeviceStatus } from "@bulkhead/protocol";
import { useManifest } from "../api/queries.ts";
import { Note, ProblemNote } from "../parts/note.tsx";
import { Section } from "../parts/section.tsx";
import { ChannelTable } from "./channel-table.tsx";
import { PermissionTable } from "./permission-table.tsx";

export function ManifestView({ deviceId, status }: { deviceId: string; status: DeviceStatus | undefined }) {
  const { data, error } = useManifest(deviceId);
  if (error && !data) return <ProblemNote error={error} what="The manifest cannot be read" />;
  const manifest = data?.manifest;
  if (!manifest) {
    return (
      <Section title="Manifest">
        <Note>The device has not reported its manifest yet.</Note>
      </Section>
    );
  }
  return (
    <>
      <Section title="Permissions" flush>
        <PermissionTable components={manifest.components} />
      </Section>
      <Section title="Channels" flush>
        <ChannelTable channels={manifest.channels} states={status?.channels ?? []} />
      </Section>
      <Section
        title="Manifest"
        aside={
          <span className="text-xs text-muted">{`${manifest.system} ${manifest.version}, board ${manifest.board}`}</span>
        }
      >
        <details>
          <summary className="cursor-pointer text-sm text-muted">The whole system, as the device runs it</summary>
          <pre className="mt-3 max-h-[32rem] overflow-auto font-mono text-xs leading-5">
            {JSON.stringify(manifest, null, 2)}
          </pre>
        </details>
      </Section>
    </>
  );
}
