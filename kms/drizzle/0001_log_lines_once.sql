-- Lines that were stored twice before there was a rule against it: the first stays.
DELETE FROM "log_lines" "again" USING "log_lines" "first"
WHERE "again"."device_id" = "first"."device_id" AND "again"."sequence" = "first"."sequence"
  AND "again"."at_ms" = "first"."at_ms" AND "again"."id" > "first"."id";--> statement-breakpoint
CREATE UNIQUE INDEX "log_lines_once" ON "log_lines" USING btree ("device_id","sequence","at_ms");
