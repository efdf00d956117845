/** For drizzle-kit, which writes the migrations: `npx drizzle-kit generate` in this folder after a change of schema.ts. */
import { defineConfig } from "drizzle-kit";

export default defineConfig({ dialect: "postgresql", schema: "./src/database/schema.ts", out: "./drizzle" });
