/** Answers. */
export { provider as component } from "../echo.ts";
