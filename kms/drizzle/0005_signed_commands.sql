ALTER TABLE "commands" ADD COLUMN "signed" json;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "challenge" text;