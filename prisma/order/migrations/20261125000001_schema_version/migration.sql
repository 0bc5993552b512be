-- The version of an event's data is that of the code which wrote it, not of the code which reads it.
ALTER TABLE "outbox" ADD COLUMN "schema_version" INTEGER NOT NULL DEFAULT 1;
