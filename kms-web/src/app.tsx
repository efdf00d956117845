/** The console as a whole: the head, what a person must not miss, and the page that the address stands for. */
import { LiveProvider } from "./api/live.tsx";
import { DevicePage } from "./device/device-page.tsx";
import { DeviceList } from "./devices/device-list.tsx";
import { Note } from "./parts/note.tsx";
import { Header } from "./shell/header.tsx";
import { Link } from "./shell/link.tsx";
import { type Route, useRoute } from "./shell/route.ts";
import { ServerBanners } from "./shell/server-banners.tsx";

export function App() {
  const route = useRoute();
  return (
    <LiveProvider>
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:absolute focus:left-2 focus:top-2 focus:bg-surface focus:p-2"
      >
        Skip to the page
      </a>
      <Header />
      <ServerBanners />
      <main id="page" className="mx-auto max-w-6xl px-4 pt-6 pb-16">
        <Page route={route} />
      </main>
    </LiveProvider>
  );
}

function Page({ route }: { route: Route }) {
  if (route.page === "devices") return <DeviceList />;
  // The key makes a new page for another device: nothing of the last one (its log, a dialog) stays.
  if (route.page === "device") return <DevicePage key={route.id} id={route.id} />;
  return (
    <Note>
      There is no page {route.path}. <Link to="/">All devices</Link>
    </Note>
  );
}
