-- A page of the feed for a subject, or for a type, reads only its own events.
CREATE INDEX "outbox_by_subject" ON "outbox"("aggregate_id", "position") WHERE "position" IS NOT NULL;

CREATE INDEX "outbox_by_type" ON "outbox"("type", "position") WHERE "position" IS NOT NULL;
