-- The relay gives each event its place in the feed, after its commit: positions are given in the order of
-- commits, by one relay at a time, so that who reads on from the last position never misses one.
ALTER TABLE "outbox" ADD COLUMN "position" BIGINT, ADD COLUMN "published_at" TIMESTAMPTZ(3);

-- Also finds what is not published yet (position IS NULL), in the order of the ids.
CREATE INDEX "outbox_by_position" ON "outbox"("position", "id");

CREATE TABLE "outbox_relay" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "feed_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "last_position" BIGINT NOT NULL DEFAULT 0,
    "pruned_position" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "outbox_relay_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "outbox_relay_one_row" CHECK ("id" = 1),
    CONSTRAINT "outbox_relay_pruned_is_published" CHECK ("pruned_position" BETWEEN 0 AND "last_position")
);

INSERT INTO "outbox_relay" DEFAULT VALUES;

-- Deletes the oldest published events, a batch at a time, and remembers where the feed starts now. Runs as
-- the owner: the service's own role may not delete.
CREATE FUNCTION prune_outbox(kept interval, batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    removed integer;
    pruned bigint;
BEGIN
    WITH old AS (
        SELECT o.id FROM outbox o, outbox_relay r
        WHERE o.position > r.pruned_position AND o.published_at < now() - kept
        ORDER BY o.position LIMIT batch
    ), gone AS (
        DELETE FROM outbox o USING old WHERE o.id = old.id RETURNING o.position
    )
    SELECT count(*), max(position) INTO removed, pruned FROM gone;
    UPDATE outbox_relay SET pruned_position = greatest(pruned_position, pruned) WHERE removed > 0;
    RETURN removed;
END $$;
