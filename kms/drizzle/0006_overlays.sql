CREATE TABLE "overlays" (
	"scope" text NOT NULL,
	"digest" text NOT NULL,
	"target" text NOT NULL,
	"name" text NOT NULL,
	"deployment" text NOT NULL,
	"overlay_counter" integer NOT NULL,
	"base" text NOT NULL,
	"devices" json,
	"expires_ms" bigint NOT NULL,
	"effective_digest" text NOT NULL,
	"uploaded_at_ms" bigint NOT NULL,
	CONSTRAINT "overlays_scope_digest_pk" PRIMARY KEY("scope","digest")
);
--> statement-breakpoint
ALTER TABLE "devices" ADD COLUMN "deployment" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "enrolments" ADD COLUMN "deployment" text DEFAULT 'default' NOT NULL;