-- Until when everything that was committed is published: said by a relay that has found no more to publish.
ALTER TABLE "outbox_relay" ADD COLUMN "published_to" TIMESTAMPTZ(3);

-- What the relay saw when it looked last: of that, everything up to the id seen_to is published. So it looks for what was
-- committed since, and not at all that it has published while an old transaction keeps that from being cleared away.
ALTER TABLE "outbox_relay" ADD COLUMN "seen" pg_snapshot, ADD COLUMN "seen_to" BIGINT NOT NULL DEFAULT 0;

CREATE INDEX "outbox_unpublished" ON "outbox"("transaction_id") WHERE "position" IS NULL;

-- Looks at one batch, in the order in which events were published, and deletes them up to the first that is kept.
CREATE OR REPLACE FUNCTION prune_outbox(kept interval, batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    removed integer;
    pruned bigint;
BEGIN
    WITH oldest AS MATERIALIZED (
        SELECT o.id, o.position, o.published_at >= now() - kept AS is_kept FROM outbox o
        WHERE o.position > (SELECT r.pruned_position FROM outbox_relay r) ORDER BY o.position LIMIT batch
    ), gone AS (
        DELETE FROM outbox o USING oldest WHERE o.id = oldest.id
            AND oldest.position < coalesce((SELECT min(k.position) FROM oldest k WHERE k.is_kept), oldest.position + 1)
        RETURNING o.position
    )
    SELECT count(*), max(position) INTO removed, pruned FROM gone;
    UPDATE outbox_relay SET pruned_position = greatest(pruned_position, pruned) WHERE removed > 0;
    RETURN removed;
END $$;
