ALTER TABLE "devices" ADD COLUMN "expected_at_ms" bigint;--> statement-breakpoint
ALTER TABLE "devices" ADD COLUMN "overdue_at_ms" bigint;--> statement-breakpoint
ALTER TABLE "devices" ADD COLUMN "overdue_noted" boolean DEFAULT false NOT NULL;