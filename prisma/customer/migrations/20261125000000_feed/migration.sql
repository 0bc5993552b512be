-- Until when everything that was committed is published: said by a relay that has found no more to publish.
ALTER TABLE "outbox_relay" ADD COLUMN "published_to" TIMESTAMPTZ(3);

-- What the relay saw when it looked last: of that, everything up to the id seen_to is published. So it looks for what was
-- committed since, and not at all that it has published while an old transaction keeps that from being cleared away.
ALTER TABLE "outbox_relay" ADD COLUMN "seen" pg_snapshot, ADD COLUMN "seen_to" BIGINT NOT NULL DEFAULT 0;

CREATE INDEX "outbox_unpublished" ON "outbox"("transaction_id") WHERE "position" IS NULL;
