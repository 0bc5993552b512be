CREATE TABLE "orders" (
    "id" UUID NOT NULL,
    "saga_id" TEXT NOT NULL,
    "customer_id" UUID NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "cancellation_reason" TEXT,
    -- Of the request that cancels the order. Set with PENDING -> CANCELLED or APPROVED -> CANCELLING, and kept.
    "cancellation_key" UUID,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "orders_total_within_bounds" CHECK ("total_minor" > 0 AND "total_minor" <= 999999999999999),
    CONSTRAINT "orders_currency_iso_4217" CHECK ("currency" ~ '^[A-Z]{3}$'),
    -- CANCELLING is the semantic lock of an approved order, until its credit is free again.
    CONSTRAINT "orders_state_known" CHECK ("state" IN ('PENDING', 'APPROVED', 'CANCELLING', 'CANCELLED')),
    CONSTRAINT "orders_cancelled_with_reason" CHECK (("state" = 'CANCELLED') = ("cancellation_reason" IS NOT NULL)),
    CONSTRAINT "orders_reason_known" CHECK ("cancellation_reason" IN
        ('INSUFFICIENT_CREDIT', 'UNKNOWN_CUSTOMER', 'CURRENCY_MISMATCH', 'CREDIT_CHECK_TIMEOUT', 'CREDIT_CHECK_FAILED',
         'CUSTOMER_REQUEST')),
    CONSTRAINT "orders_version_from_one" CHECK ("version" >= 1 AND ("state" = 'PENDING') = ("version" = 1))
);

CREATE INDEX "orders_by_customer" ON "orders"("customer_id", "created_at" DESC, "id" DESC);

CREATE INDEX "orders_by_time" ON "orders"("created_at" DESC, "id" DESC);

-- Operators' decisions to stop retrying a step: one row, with an id of its own, for each order that is given up. There is
-- no foreign key: the order of a step that never succeeded may not exist.
CREATE TABLE "given_up_steps" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "saga_id" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "given_up_steps_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "given_up_steps_by_order" ON "given_up_steps"("order_id", "at" DESC);

-- The transactional outbox: an event is written by the statement that makes the state change.
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "transaction_id" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "aggregate_type" TEXT NOT NULL,
    "aggregate_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "saga_id" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    -- The version of an event's data is that of the code which wrote it, not of the code which reads it.
    "schema_version" INTEGER NOT NULL DEFAULT 1,
    -- A database that was restored from an older backup gives the same ids again. An event's id is the row's id with the
    -- time when it was recorded, so it stays unique.
    "recorded_us" BIGINT DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    -- The event's place in the feed. The relay gives it after the commit, in the order of commits, one relay at a time: so
    -- a consumer that continues after the last position never misses an event. NULL: not published yet.
    "position" BIGINT,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "outbox_sequence_from_one" CHECK ("sequence" >= 1)
);

CREATE UNIQUE INDEX "outbox_one_event_per_transition" ON "outbox"("aggregate_id", "sequence");

CREATE INDEX "outbox_by_position" ON "outbox"("position") WHERE "position" IS NOT NULL;

-- The relay looks for unpublished events by id and by transaction. After an ANALYZE the planner expects next to none of
-- them, and takes any index whose condition fits for as good as the right one: it then walks through everything that was
-- published since an old transaction began. So each of the two queries has an index with a condition that the other query
-- does not imply (comparing a column implies that it is NOT NULL), and the index of published events fits neither.
CREATE INDEX "outbox_unpublished_by_id" ON "outbox"("id") WHERE "position" IS NULL AND "id" IS NOT NULL;

CREATE INDEX "outbox_unpublished_by_transaction" ON "outbox"("transaction_id")
    WHERE "position" IS NULL AND "transaction_id" IS NOT NULL;

-- One row: how far the relay has published, and where the feed starts since older events were pruned.
CREATE TABLE "outbox_relay" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "feed_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "last_position" BIGINT NOT NULL DEFAULT 0,
    "pruned_position" BIGINT NOT NULL DEFAULT 0,
    -- The snapshot of the relay's last look: of what it shows, everything up to the id seen_to is published. The next look
    -- reads only what was committed since, although an old transaction keeps published rows in the indexes.
    "seen" pg_snapshot,
    "seen_to" BIGINT NOT NULL DEFAULT 0,
    -- Everything that had been committed by then is published. Set by a relay that finds nothing more to publish.
    "published_to" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_relay_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "outbox_relay_one_row" CHECK ("id" = 1),
    CONSTRAINT "outbox_relay_pruned_is_published" CHECK ("pruned_position" BETWEEN 0 AND "last_position")
);

INSERT INTO "outbox_relay" DEFAULT VALUES;

-- Reads one batch in the order of publication, deletes it up to the first event that is kept, and remembers where the feed
-- starts now. Runs as the owner, because the service's own role may not delete.
CREATE FUNCTION prune_outbox(kept interval, batch integer) RETURNS integer
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
