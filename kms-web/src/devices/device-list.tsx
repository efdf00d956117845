/** All devices, one line each. */
import { useDevices } from "../api/queries.ts";
import { Note, ProblemNote } from "../parts/note.tsx";
import { DeviceRow } from "./device-row.tsx";

const columns = ["Device", "Connection", "Release", "Generation", "Components", "Last seen"];

export function DeviceList() {
  const { data: devices, error, isPending } = useDevices();
  return (
    <>
      <h1 className="text-xl font-semibold tracking-tight">Devices</h1>
      <div className="mt-4 relative overflow-x-auto rounded-lg border border-line bg-surface">
        {isPending && <Note>Loading…</Note>}
        {error && !devices && <ProblemNote error={error} what="The devices cannot be listed" />}
        {devices?.length === 0 && (
          <Note>
            No device is enrolled yet. <code className="font-mono">npm start</code> boots one on this machine and enrols
            it.
          </Note>
        )}
        {devices && devices.length > 0 && (
          <table className="w-full text-sm">
            <thead className="border-b border-line text-xs text-muted">
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col" className="px-4 py-2">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {devices.map((device) => (
                <DeviceRow key={device.id} device={device} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </>
  );
}
