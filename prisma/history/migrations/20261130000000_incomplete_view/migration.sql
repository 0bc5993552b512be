-- What the view cannot know: by service, the events up to this sequence were pruned before the consumer could read them.
ALTER TABLE "checkpoints" ADD COLUMN "starts_after" JSONB NOT NULL DEFAULT '{}';
-- Whether the rows of the view lack the effects of those events.
ALTER TABLE "checkpoints" ADD COLUMN "incomplete" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "checkpoints" DROP CONSTRAINT "checkpoints_recovery_known";
ALTER TABLE "checkpoints" ADD CONSTRAINT "checkpoints_recovery_known"
    CHECK ("recovery" IN ('FOLLOWING_AGAIN', 'REBUILDING', 'WAITING_FOR_SNAPSHOT'));

-- The generation that this one started from: the rows of the services' own databases, which no event changes.
ALTER TABLE "generations" ADD COLUMN "base" INTEGER;
-- By service: the position up to which the base includes the effects of its events. Empty without a base.
ALTER TABLE "generations" ADD COLUMN "snapshot_to" JSONB NOT NULL DEFAULT '{}';

-- As before, and keeps the base of the current generation.
CREATE OR REPLACE FUNCTION drop_old_generations(batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept integer;
    kept_base integer;
    orders_gone integer;
    customers_gone integer;
BEGIN
    SELECT number, coalesce(base, number) INTO kept, kept_base FROM generations WHERE current;
    DELETE FROM order_views WHERE (generation, id) IN
        (SELECT generation, id FROM order_views WHERE generation < kept AND generation <> kept_base LIMIT batch);
    GET DIAGNOSTICS orders_gone = ROW_COUNT;
    DELETE FROM customer_views WHERE (generation, id) IN
        (SELECT generation, id FROM customer_views WHERE generation < kept AND generation <> kept_base LIMIT batch);
    GET DIAGNOSTICS customers_gone = ROW_COUNT;
    IF orders_gone + customers_gone = 0 THEN
        DELETE FROM generations WHERE number < kept AND number <> kept_base;
    END IF;
    RETURN orders_gone + customers_gone;
END $$;

-- As before; the source of an event is absolute, and ends with that of the service.
CREATE OR REPLACE FUNCTION set_lost_events_apart(of_source text, current_following integer, starts_after bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    lost integer;
BEGIN
    WITH gone AS (
        DELETE FROM received_events
        WHERE right(source, length(of_source)) = of_source AND following < current_following AND position > starts_after
        RETURNING *
    )
    INSERT INTO lost_events (received_id, source, event_id, type, subject, sequence, time, data)
    SELECT received_id, source, event_id, type, subject, sequence, time, data FROM gone;
    GET DIAGNOSTICS lost = ROW_COUNT;
    RETURN lost;
END $$;
