-- The order history has no customer's name: not in the view, and not in the events that it was built from.
ALTER TABLE "customer_views" DROP COLUMN "name";
ALTER TABLE "customer_views" ADD COLUMN "version" INTEGER NOT NULL DEFAULT 1;

UPDATE "received_events" SET "data" = "data" - 'name' WHERE "type" = 'CustomerCreated' AND "data" ? 'name';
UPDATE "lost_events" SET "data" = "data" - 'name' WHERE "type" = 'CustomerCreated' AND "data" ? 'name';
ANALYZE "received_events", "lost_events";
