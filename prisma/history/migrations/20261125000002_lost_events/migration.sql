-- A service's database may be restored from an older backup. Then its feed is followed from the start again, and what does not
-- come again, though the feed goes back that far, is lost to the service, and dropped here. What was received before
-- positions were kept stays: whether it was pruned or lost is not known.
ALTER TABLE "checkpoints" ADD COLUMN "following" INTEGER NOT NULL DEFAULT 1, ADD COLUMN "recovery" TEXT,
    ADD CONSTRAINT "checkpoints_recovery_known" CHECK ("recovery" IN ('FOLLOWING_AGAIN', 'REBUILDING'));

ALTER TABLE "received_events" ADD COLUMN "position" BIGINT, ADD COLUMN "following" INTEGER NOT NULL DEFAULT 1;

CREATE TABLE "lost_events" (
    "received_id" BIGINT NOT NULL,
    "source" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "subject" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB NOT NULL,
    "lost_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lost_events_pkey" PRIMARY KEY ("received_id")
);

-- Runs as the owner: the service's own role may not delete.
CREATE FUNCTION set_lost_events_apart(of_source text, current_following integer, starts_after bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    lost integer;
BEGIN
    WITH gone AS (
        DELETE FROM received_events
        WHERE source = of_source AND following < current_following AND position > starts_after RETURNING *
    )
    INSERT INTO lost_events (received_id, source, event_id, type, subject, sequence, time, data)
    SELECT received_id, source, event_id, type, subject, sequence, time, data FROM gone;
    GET DIAGNOSTICS lost = ROW_COUNT;
    RETURN lost;
END $$;
