/** For the tests of components: neighbours that are fakes, channels that are real. */
export * from "./connect-pair.ts";
export * from "./fake-client.ts";
export * from "./start-component.ts";
