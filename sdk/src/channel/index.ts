/** What stands in the middle of a channel needs: connections and frames, without interfaces. No component imports it. */
export { connectLink, type Link, type LinkOptions, openLink } from "./link.ts";
export { type Listener, listenSocket } from "./listen.ts";
