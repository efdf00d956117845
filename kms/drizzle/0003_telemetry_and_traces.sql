CREATE TABLE "losses" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"device_id" text NOT NULL,
	"kind" text NOT NULL,
	"stream" text NOT NULL,
	"count" bigint NOT NULL,
	"from_ms" bigint,
	"to_ms" bigint,
	"noted_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "telemetry_samples" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"device_id" text NOT NULL,
	"component" text NOT NULL,
	"stream" text NOT NULL,
	"sequence" bigint NOT NULL,
	"at_ms" bigint NOT NULL,
	"value" double precision NOT NULL,
	"received_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "trace_segments" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"device_id" text NOT NULL,
	"component" text NOT NULL,
	"boot" text NOT NULL,
	"ring" bigint NOT NULL,
	"first" bigint NOT NULL,
	"lines" integer NOT NULL,
	"at_ms" bigint NOT NULL,
	"entries" json NOT NULL,
	"size_bytes" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "losses" ADD CONSTRAINT "losses_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "telemetry_samples" ADD CONSTRAINT "telemetry_samples_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trace_segments" ADD CONSTRAINT "trace_segments_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "losses_device" ON "losses" USING btree ("device_id","id");--> statement-breakpoint
CREATE INDEX "telemetry_samples_device" ON "telemetry_samples" USING btree ("device_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "telemetry_samples_once" ON "telemetry_samples" USING btree ("device_id","sequence","at_ms");--> statement-breakpoint
CREATE INDEX "trace_segments_device" ON "trace_segments" USING btree ("device_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "trace_segments_once" ON "trace_segments" USING btree ("device_id","component","boot","ring","first");