/** How a generation takes over from another: who goes on, and what is changed around them. */
export { changeGround, type Ground, layGround } from "./ground.ts";
export { stayingOf } from "./staying.ts";
