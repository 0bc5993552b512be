-- An aggregate has few events: a page for a subject finds them by "outbox_one_event_per_transition". Each publication of an
-- event wrote to this index.
DROP INDEX "outbox_by_subject";

-- Each event is updated once, when the relay publishes it. A page that keeps room for the new version of its rows saves the
-- lock of the old version, and half of the log: only what has changed is written to it.
ALTER TABLE "outbox" SET (fillfactor = 50);
