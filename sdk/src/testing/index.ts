/** For the tests of components: neighbours that are fakes, channels that are real. */
export { type ClientEnd, createClientEnd } from "../channel/client.ts";
export { listenChannel, type ServerEnd } from "../channel/server.ts";
export * from "./connect-pair.ts";
export * from "./fake-client.ts";
export * from "./record-session.ts";
export * from "./start-component.ts";
