/** What a person must know about the server before all else: it is away, it does not know you, or it is open to others. */
import { problemOf } from "../api/client.ts";
import { useLive } from "../api/live.tsx";
import { useDevices, useHealth } from "../api/queries.ts";
import { Banner } from "../parts/banner.tsx";

export function ServerBanners() {
  const { connection } = useLive();
  const { data: health, error } = useHealth();
  // Health is told to everyone, so it cannot say whether this browser has a session.
  const { error: listError } = useDevices();
  if (listError && problemOf(listError).code === "NOT_AUTHENTICATED") {
    return (
      <Banner tone="bad">
        This browser has no session. Open the link that <code>npm start</code> or <code>bulkhead kms start</code>{" "}
        printed.
      </Banner>
    );
  }
  return (
    <>
      {connection === "away" && (
        <Banner tone="bad">
          The server does not answer. What you see is what was last known; the connection is tried again by itself.
        </Banner>
      )}
      {error && problemOf(error).code === "DATABASE_UNAVAILABLE" && (
        <Banner tone="bad">
          The server's database does not answer. Nothing is lost; it goes on when the database does.
        </Banner>
      )}
      {health?.insecureBind && (
        <Banner tone="warn">
          This server can be reached from the network, and a Studio Server has no accounts: whoever gets the session
          token owns every device. Bind it to 127.0.0.1 unless this network is only yours.
        </Banner>
      )}
      {health?.uploads === "any" && (
        <Banner tone="warn">
          This server takes releases whose signatures do not hold. Devices refuse them; the setting is for testing that.
        </Banner>
      )}
      {health?.gateway === "down" && (
        <Banner tone="warn">The tunnel gateway does not answer: devices cannot connect anew until it does.</Banner>
      )}
    </>
  );
}
