-- How far each service was followed, as its feed says; one time for both claimed too much when one of them was away.
ALTER TABLE "checkpoints" DROP COLUMN "followed_to", ADD COLUMN "complete_to" JSONB NOT NULL DEFAULT '{}';

-- Few are: counted and listed without a walk through all events.
CREATE INDEX "received_events_set_aside" ON "received_events"("received_id") WHERE "set_aside_reason" IS NOT NULL;
