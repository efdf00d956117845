/** Built as a component of its own. */
export { echo as component } from "./echo.ts";
