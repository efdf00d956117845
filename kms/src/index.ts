/** What launchers and clients of the KMS need: its database, its identity, its configuration, its API as types. */
export * from "./api/index.ts";
export { type KmsConfig, type KmsConfigWritten, kmsConfigSchema } from "./config.ts";
export { type Postgres, type PostgresOptions, startPostgres } from "./database/postgres.ts";
export { type GatewayConfig, gatewayClient, gatewayConfigSchema } from "./gateway/index.ts";
export { type InstanceIdentity, type PreparedInstance, prepareInstance } from "./instance/index.ts";
export { kmsNodeOptions } from "./node-options.ts";

/** The OpenAPI 3.1 description of the API. Loaded on demand: it brings the whole service along, a launcher needs none. */
export async function openApiDocument(): Promise<object> {
  return (await import("./http/openapi.ts")).openApiDocument();
}
