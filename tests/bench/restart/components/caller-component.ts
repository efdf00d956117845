/** Built as a component of its own. */
export { caller as component } from "./echo.ts";
