-- A page looks for dead letters of its subjects: there are nearly always none, and then this index is empty.
CREATE INDEX "received_events_set_aside_by_subject" ON "received_events"("subject") WHERE "set_aside_reason" IS NOT NULL;

-- A subject has few events. Without source and sequence, an entry takes a third of the space, and every received event has one.
DROP INDEX "received_events_by_subject";

CREATE INDEX "received_events_by_subject" ON "received_events"("subject");

-- An order whose later events come in a later page of the feed finds room for its next state in the same page of the table,
-- and then no index changes.
ALTER TABLE "order_views" SET (fillfactor = 80);
