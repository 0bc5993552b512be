-- In a database that was restored from an older backup, ids of the outbox are given again. An event's id is the row's with
-- the time when it was recorded, so it is not. Rows from before have none: their events keep the id that they were served with.
ALTER TABLE "outbox" ADD COLUMN "recorded_us" BIGINT;
ALTER TABLE "outbox" ALTER COLUMN "recorded_us" SET DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
