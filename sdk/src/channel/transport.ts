/** How the ends of channels reach each other: by Unix sockets, or, where a recorded session is replayed, by the record. */
import { connectLink, type Link, type LinkOptions, openLink } from "./link.ts";
import { type Listener, listenSocket } from "./listen.ts";

/** Takes a connection that has come. */
export type OpenConnection = (options: LinkOptions) => Link;

export type Transport = {
  connect(path: string, options: LinkOptions): Link;
  listen(path: string, onConnection: (open: OpenConnection) => void): Promise<Listener>;
};

export const socketTransport: Transport = {
  connect: connectLink,
  listen: (path, onConnection) => listenSocket(path, (socket) => onConnection((options) => openLink(socket, options))),
};
