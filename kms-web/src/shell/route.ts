/** Two pages do not need a router: the path is the state, and the browser's history keeps it. */
import { useSyncExternalStore } from "react";

export type Route = { page: "devices" } | { page: "device"; id: string } | { page: "unknown"; path: string };

/** The page that a path stands for. */
export function routeOf(path: string): Route {
  if (path === "/" || path === "/devices" || path === "/devices/") return { page: "devices" };
  const device = /^\/devices\/(d-[0-9a-f]{16})\/?$/.exec(path)?.[1];
  return device ? { page: "device", id: device } : { page: "unknown", path };
}

export function useRoute(): Route {
  const path = useSyncExternalStore(
    (changed) => {
      window.addEventListener("popstate", changed);
      return () => window.removeEventListener("popstate", changed);
    },
    () => window.location.pathname,
  );
  return routeOf(path);
}

export function goTo(path: string): void {
  window.history.pushState(null, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
  window.scrollTo(0, 0);
}
