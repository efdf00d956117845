/** The example's own: one connection to the broker of the management service. */
export { component } from "../../../../../manifests/greenhouse/telemetry/main.ts";
