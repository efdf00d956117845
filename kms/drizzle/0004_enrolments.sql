CREATE TABLE "enrolments" (
	"number" integer PRIMARY KEY DEFAULT nextval('devices_number_seq') NOT NULL,
	"scope" text NOT NULL,
	"name" text NOT NULL,
	"tunnel_key" text NOT NULL,
	"token_key" text NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"expires_at_ms" bigint NOT NULL,
	CONSTRAINT "enrolments_tunnel_key_unique" UNIQUE("tunnel_key"),
	CONSTRAINT "enrolments_token_key_unique" UNIQUE("token_key")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "enrolments_scope_name" ON "enrolments" USING btree ("scope","name");