-- A customer's name is in the customer's row alone, and can be erased there.
ALTER TABLE "customers" ALTER COLUMN "name" DROP NOT NULL;
ALTER TABLE "customers" ADD COLUMN "version" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "customers" ADD COLUMN "personal_data_erased_at" TIMESTAMPTZ(3);
ALTER TABLE "customers" ADD CONSTRAINT "customers_version_from_one" CHECK ("version" >= 1);
ALTER TABLE "customers" ADD CONSTRAINT "customers_name_until_erased" CHECK (("name" IS NULL) = ("personal_data_erased_at" IS NOT NULL));

-- ANALYZE would copy names into the statistics, where an erasure does not reach them. Nothing is searched by name. To set the
-- type, which stays the same, drops the statistics that exist.
ALTER TABLE "customers" ALTER COLUMN "name" SET STATISTICS 0;
ALTER TABLE "customers" ALTER COLUMN "name" TYPE TEXT;

-- The events that were recorded before, and the samples of them in the statistics.
UPDATE "outbox" SET "data" = "data" - 'name' WHERE "type" = 'CustomerCreated' AND "data" ? 'name';
ANALYZE "outbox";
