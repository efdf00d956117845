ALTER TABLE "devices" ADD COLUMN "opening" json;--> statement-breakpoint
ALTER TABLE "releases" ADD COLUMN "envelope" text;