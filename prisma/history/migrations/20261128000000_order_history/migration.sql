CREATE TABLE "checkpoints" (
    "consumer" TEXT NOT NULL,
    "cursor" TEXT,
    -- By source: each service is followed at its own pace, and one of them may be down.
    "complete_to" JSONB NOT NULL DEFAULT '{}',
    "following" INTEGER NOT NULL DEFAULT 1,
    "recovery" TEXT,

    CONSTRAINT "checkpoints_pkey" PRIMARY KEY ("consumer"),
    CONSTRAINT "checkpoints_recovery_known" CHECK ("recovery" IN ('FOLLOWING_AGAIN', 'REBUILDING'))
);

CREATE TABLE "received_events" (
    "received_id" BIGSERIAL NOT NULL,
    "source" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "subject" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    -- A rebuild of the view checks each event again, by the schema that it was written with.
    "dataschema" TEXT,
    "position" BIGINT,
    "following" INTEGER NOT NULL DEFAULT 1,
    "data" JSONB NOT NULL,
    "set_aside_reason" TEXT,

    CONSTRAINT "received_events_pkey" PRIMARY KEY ("received_id")
);

CREATE UNIQUE INDEX "received_events_once" ON "received_events"("source", "event_id");

CREATE INDEX "received_events_by_subject" ON "received_events"("subject", "source", "sequence");

-- Few events are set aside: counting and listing them does not read all events.
CREATE INDEX "received_events_set_aside" ON "received_events"("received_id") WHERE "set_aside_reason" IS NOT NULL;

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

CREATE TABLE "generations" (
    "number" INTEGER NOT NULL,
    "current" BOOLEAN NOT NULL,
    "applied_to" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "generations_pkey" PRIMARY KEY ("number"),
    CONSTRAINT "generations_from_one" CHECK ("number" >= 1)
);

INSERT INTO "generations" ("number", "current") VALUES (1, true);

CREATE TABLE "customer_views" (
    "generation" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "credit_limit_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "reserved_minor" BIGINT NOT NULL,

    CONSTRAINT "customer_views_pkey" PRIMARY KEY ("generation","id")
);

CREATE TABLE "order_views" (
    "generation" INTEGER NOT NULL,
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "cancellation_reason" TEXT,
    "version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "order_views_pkey" PRIMARY KEY ("generation","id")
);

CREATE INDEX "order_views_by_customer" ON "order_views"("generation", "customer_id", "created_at" DESC, "id" DESC);

-- Deletes what the generations before the current one have left. Runs as the owner, because the service's own role may not
-- delete.
CREATE FUNCTION drop_old_generations(batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept integer;
    orders_gone integer;
    customers_gone integer;
BEGIN
    SELECT number INTO kept FROM generations WHERE current;
    DELETE FROM order_views WHERE (generation, id) IN
        (SELECT generation, id FROM order_views WHERE generation < kept LIMIT batch);
    GET DIAGNOSTICS orders_gone = ROW_COUNT;
    DELETE FROM customer_views WHERE (generation, id) IN
        (SELECT generation, id FROM customer_views WHERE generation < kept LIMIT batch);
    GET DIAGNOSTICS customers_gone = ROW_COUNT;
    IF orders_gone + customers_gone = 0 THEN
        DELETE FROM generations WHERE number < kept;
    END IF;
    RETURN orders_gone + customers_gone;
END $$;

-- A service whose database was restored from an older backup has lost events that were received from it. Its feed is then
-- followed from the start again (a new following), and an event that does not come again, although the feed reaches back
-- that far, is lost: it moves to lost_events. Runs as the owner, because the service's own role may not delete.
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
