CREATE TABLE "customers" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "credit_limit_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "reserved_minor" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "customers_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "customers_name_length" CHECK (char_length("name") BETWEEN 1 AND 200),
    CONSTRAINT "customers_limit_within_bounds" CHECK ("credit_limit_minor" BETWEEN 0 AND 999999999999999),
    CONSTRAINT "customers_reserved_within_limit" CHECK ("reserved_minor" BETWEEN 0 AND "credit_limit_minor"),
    CONSTRAINT "customers_currency_iso_4217" CHECK ("currency" ~ '^[A-Z]{3}$')
);

-- One row for each order, kept permanently: it makes the steps idempotent, and as RELEASED it is the tombstone that a late
-- reserve finds. There is no foreign key: the rejection of an unknown customer is recorded too.
CREATE TABLE "credit_reservations" (
    "order_id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "saga_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "credit_reservations_pkey" PRIMARY KEY ("order_id"),
    CONSTRAINT "credit_reservations_amount_within_bounds" CHECK ("amount_minor" > 0 AND "amount_minor" <= 999999999999999),
    CONSTRAINT "credit_reservations_currency_iso_4217" CHECK ("currency" ~ '^[A-Z]{3}$'),
    CONSTRAINT "credit_reservations_status_known" CHECK ("status" IN ('RESERVED', 'RELEASED', 'REJECTED')),
    CONSTRAINT "credit_reservations_rejected_with_reason" CHECK (("status" = 'REJECTED') = ("reason" IS NOT NULL)),
    CONSTRAINT "credit_reservations_reason_known" CHECK ("reason" IN
        ('INSUFFICIENT_CREDIT', 'UNKNOWN_CUSTOMER', 'CURRENCY_MISMATCH')),
    CONSTRAINT "credit_reservations_version_from_one" CHECK ("version" >= 1)
);

CREATE INDEX "credit_reservations_by_customer" ON "credit_reservations"("customer_id");

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

-- Locks customers in the order of their ids, so that two calls cannot deadlock, and returns the rows that it has locked. A
-- row that another transaction holds is left out: at once when wait_ms is 0, otherwise when all of them together have
-- waited that long.
CREATE FUNCTION lock_customers(customer_ids uuid[], wait_ms integer) RETURNS SETOF customers
LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid;
    found_one customers;
    give_up_at timestamptz := clock_timestamp() + make_interval(secs => wait_ms / 1000.0);
    left_ms integer;
BEGIN
    IF wait_ms = 0 THEN
        RETURN QUERY SELECT * FROM customers WHERE id = ANY (customer_ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED;
        RETURN;
    END IF;
    FOR wanted IN SELECT DISTINCT unnest(customer_ids) AS id ORDER BY id LOOP
        left_ms := greatest(1, (1000 * extract(epoch FROM give_up_at - clock_timestamp()))::integer);
        PERFORM set_config('lock_timeout', left_ms::text, true);
        BEGIN
            SELECT * INTO found_one FROM customers WHERE id = wanted FOR NO KEY UPDATE;
            IF FOUND THEN
                RETURN NEXT found_one;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL; -- left out: the result of its orders is busy
        END;
    END LOOP;
    PERFORM set_config('lock_timeout', '0', true);
END $$;

-- Decides a list of orders, in the order of the list, in the calling statement's transaction.
--
-- outcome: reserved | rejected (with reason) | released (a tombstone) | conflict (same id, other content) |
--          busy (another transaction holds the customer's row, or decides this order).
-- changed: whether a reservation was written, that is, whether an event has to be.
CREATE FUNCTION reserve_credit(
    order_ids uuid[], customer_ids uuid[], amounts bigint[], currencies text[], saga text, wait_ms integer
) RETURNS TABLE (
    order_id uuid, customer_id uuid, amount_minor bigint, currency text, outcome text, reason text, changed boolean
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held customers[];
    known customers;
    statuses text[];
    reasons text[];
    written uuid[];
    existing uuid[];
    busy uuid[];
    previous uuid;
    left_minor bigint;
    n integer;
    asked record;
BEGIN
    held := ARRAY(SELECT l FROM lock_customers(customer_ids, wait_ms) l);
    -- Read after the locks: what other transactions decided before they released the customers is visible now.
    existing := ARRAY(SELECT r.order_id FROM credit_reservations r WHERE r.order_id = ANY (order_ids));
    busy := ARRAY(
        SELECT c.id FROM customers c
        WHERE c.id = ANY (customer_ids) AND NOT EXISTS (SELECT FROM unnest(held) h WHERE h.id = c.id));
    statuses := array_fill(NULL::text, ARRAY[cardinality(order_ids)]);
    reasons := statuses;

    FOR asked IN
        SELECT o.position, o.customer_id, o.amount, o.currency
        FROM unnest(order_ids, customer_ids, amounts, currencies)
            WITH ORDINALITY AS o (order_id, customer_id, amount, currency, position)
        WHERE NOT o.order_id = ANY (existing) AND NOT o.customer_id = ANY (busy)
        ORDER BY o.customer_id, o.position
    LOOP
        n := asked.position;
        IF previous IS DISTINCT FROM asked.customer_id THEN
            previous := asked.customer_id;
            SELECT h.* INTO known FROM unnest(held) h WHERE h.id = asked.customer_id;
            left_minor := known.credit_limit_minor - known.reserved_minor;
        END IF;
        statuses[n] := 'REJECTED';
        IF known.id IS NULL THEN
            reasons[n] := 'UNKNOWN_CUSTOMER';
        ELSIF known.currency <> asked.currency THEN
            reasons[n] := 'CURRENCY_MISMATCH';
        ELSIF asked.amount > left_minor THEN
            reasons[n] := 'INSUFFICIENT_CREDIT';
        ELSE
            statuses[n] := 'RESERVED';
            left_minor := left_minor - asked.amount;
        END IF;
    END LOOP;

    WITH decided AS (
        SELECT * FROM unnest(order_ids, customer_ids, amounts, currencies, statuses, reasons)
            AS d (order_id, customer_id, amount, currency, status, reason)
        WHERE d.status IS NOT NULL
    ), inserted AS (
        INSERT INTO credit_reservations (order_id, customer_id, amount_minor, currency, status, reason, saga_id)
        SELECT d.order_id, d.customer_id, d.amount, d.currency, d.status, d.reason, saga
        FROM decided d ORDER BY d.order_id
        ON CONFLICT DO NOTHING
        RETURNING order_id, customer_id, amount_minor, status
    ), charged AS (
        UPDATE customers c SET reserved_minor = c.reserved_minor + s.amount_minor
        FROM (SELECT i.customer_id, sum(i.amount_minor)::bigint AS amount_minor FROM inserted i
              WHERE i.status = 'RESERVED' GROUP BY i.customer_id) s
        WHERE c.id = s.customer_id
    )
    SELECT array_agg(i.order_id) INTO written FROM inserted i;

    RETURN QUERY
        SELECT a.order_id, a.customer_id, a.amount, a.currency,
            CASE
                -- Decided by a transaction whose row this statement cannot see yet.
                WHEN r.order_id IS NULL THEN 'busy'
                WHEN r.customer_id <> a.customer_id OR r.amount_minor <> a.amount OR r.currency <> a.currency THEN 'conflict'
                ELSE lower(r.status)
            END,
            r.reason,
            a.order_id = ANY (coalesce(written, '{}'))
        FROM unnest(order_ids, customer_ids, amounts, currencies)
            WITH ORDINALITY AS a (order_id, customer_id, amount, currency, position)
        LEFT JOIN credit_reservations r ON r.order_id = a.order_id
        ORDER BY a.position;
END $$;

-- Releases what these orders hold. An order that holds nothing gets a tombstone, so that a late reserve loses.
--
-- outcome: released | conflict | busy, as above.
-- held_minor: what became free.
-- version: of the reservation after the call.
CREATE FUNCTION release_credit(
    order_ids uuid[], customer_ids uuid[], amounts bigint[], currencies text[], saga text, wait_ms integer
) RETURNS TABLE (
    order_id uuid, customer_id uuid, amount_minor bigint, currency text,
    outcome text, changed boolean, held_minor bigint, version integer
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    busy uuid[];
    freed uuid[];
    buried uuid[];
BEGIN
    busy := ARRAY(
        WITH held AS MATERIALIZED (SELECT l.id FROM lock_customers(customer_ids, wait_ms) l)
        SELECT c.id FROM customers c WHERE c.id = ANY (customer_ids) AND c.id NOT IN (SELECT h.id FROM held h));

    WITH asked AS (
        SELECT * FROM unnest(order_ids, customer_ids, amounts, currencies) AS a (order_id, customer_id, amount, currency)
        WHERE NOT a.customer_id = ANY (busy)
    ), tombstone AS (
        INSERT INTO credit_reservations (order_id, customer_id, amount_minor, currency, status, saga_id)
        SELECT a.order_id, a.customer_id, a.amount, a.currency, 'RELEASED', saga FROM asked a ORDER BY a.order_id
        ON CONFLICT DO NOTHING
        RETURNING order_id
    )
    SELECT array_agg(t.order_id) INTO buried FROM tombstone t;

    WITH asked AS (
        SELECT * FROM unnest(order_ids, customer_ids, amounts, currencies) AS a (order_id, customer_id, amount, currency)
        WHERE NOT a.customer_id = ANY (busy)
    ), given_back AS (
        UPDATE credit_reservations r SET status = 'RELEASED', version = r.version + 1, updated_at = now()
        FROM asked a
        WHERE r.order_id = a.order_id AND r.status = 'RESERVED'
            AND r.customer_id = a.customer_id AND r.amount_minor = a.amount AND r.currency = a.currency
        RETURNING r.order_id, r.customer_id, r.amount_minor
    ), credited AS (
        UPDATE customers c SET reserved_minor = c.reserved_minor - s.amount_minor
        FROM (SELECT g.customer_id, sum(g.amount_minor)::bigint AS amount_minor FROM given_back g GROUP BY g.customer_id) s
        WHERE c.id = s.customer_id
    )
    SELECT array_agg(g.order_id) INTO freed FROM given_back g;

    RETURN QUERY
        SELECT a.order_id, a.customer_id, a.amount, a.currency,
            CASE
                WHEN a.customer_id = ANY (busy) OR r.order_id IS NULL THEN 'busy'
                WHEN r.customer_id <> a.customer_id OR r.amount_minor <> a.amount OR r.currency <> a.currency THEN 'conflict'
                -- A rejected reservation holds nothing and can never hold anything, so it counts as released.
                WHEN r.status IN ('RELEASED', 'REJECTED') THEN 'released'
                ELSE 'busy'
            END,
            a.order_id = ANY (coalesce(freed, '{}')) OR a.order_id = ANY (coalesce(buried, '{}')),
            CASE WHEN a.order_id = ANY (coalesce(freed, '{}')) THEN r.amount_minor ELSE 0 END,
            r.version
        FROM unnest(order_ids, customer_ids, amounts, currencies)
            WITH ORDINALITY AS a (order_id, customer_id, amount, currency, position)
        LEFT JOIN credit_reservations r ON r.order_id = a.order_id
        ORDER BY a.position;
END $$;
