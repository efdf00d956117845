/** The vocabulary of the HTTP API: a zod schema and a type for every request and answer. */
export * from "./devices.ts";
export * from "./enrolments.ts";
export * from "./events.ts";
export * from "./releases.ts";
export * from "./service.ts";
