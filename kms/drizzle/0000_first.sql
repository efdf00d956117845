CREATE TABLE "commands" (
	"id" text PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"device_id" text NOT NULL,
	"command" json NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"deadline_ms" bigint NOT NULL,
	"state" text NOT NULL,
	"deliveries" integer DEFAULT 0 NOT NULL,
	"finished_at_ms" bigint,
	"code" text,
	"message" text
);
--> statement-breakpoint
CREATE TABLE "device_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"device_id" text NOT NULL,
	"at_ms" bigint NOT NULL,
	"code" text NOT NULL,
	"message" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "devices" (
	"id" text PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"number" serial NOT NULL,
	"name" text NOT NULL,
	"device_key" text NOT NULL,
	"tunnel_key" text NOT NULL,
	"enrolled_at_ms" bigint NOT NULL,
	"last_seen_ms" bigint,
	"status" json,
	"status_at_ms" bigint,
	"system" json,
	"system_at_ms" bigint,
	"logs_dropped" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "devices_number_unique" UNIQUE("number"),
	CONSTRAINT "devices_device_key_unique" UNIQUE("device_key"),
	CONSTRAINT "devices_tunnel_key_unique" UNIQUE("tunnel_key")
);
--> statement-breakpoint
CREATE TABLE "log_lines" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"device_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"at_ms" bigint NOT NULL,
	"component" text NOT NULL,
	"stream" text NOT NULL,
	"text" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"scope" text NOT NULL,
	"digest" text NOT NULL,
	"target" text NOT NULL,
	"name" text NOT NULL,
	"version" text NOT NULL,
	"release_counter" integer NOT NULL,
	"board" text NOT NULL,
	"length_bytes" bigint NOT NULL,
	"uploaded_at_ms" bigint NOT NULL,
	CONSTRAINT "releases_scope_digest_pk" PRIMARY KEY("scope","digest")
);
--> statement-breakpoint
CREATE TABLE "tuf_metadata" (
	"scope" text NOT NULL,
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"content" text NOT NULL,
	CONSTRAINT "tuf_metadata_scope_name_pk" PRIMARY KEY("scope","name")
);
--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_events" ADD CONSTRAINT "device_events_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "log_lines" ADD CONSTRAINT "log_lines_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commands_device" ON "commands" USING btree ("device_id","created_at_ms");--> statement-breakpoint
CREATE INDEX "commands_state" ON "commands" USING btree ("state");--> statement-breakpoint
CREATE INDEX "device_events_device" ON "device_events" USING btree ("device_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "devices_scope_name" ON "devices" USING btree ("scope","name");--> statement-breakpoint
CREATE INDEX "log_lines_device" ON "log_lines" USING btree ("device_id","id");