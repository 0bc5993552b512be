CREATE TABLE "orders" (
    "id" UUID NOT NULL,
    "saga_id" TEXT NOT NULL,
    "customer_id" UUID NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "cancellation_reason" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "orders_total_within_bounds" CHECK ("total_minor" > 0 AND "total_minor" <= 999999999999999),
    CONSTRAINT "orders_currency_iso_4217" CHECK ("currency" ~ '^[A-Z]{3}$'),
    CONSTRAINT "orders_state_known" CHECK ("state" IN ('PENDING', 'APPROVED', 'CANCELLED')),
    CONSTRAINT "orders_cancelled_with_reason" CHECK (("state" = 'CANCELLED') = ("cancellation_reason" IS NOT NULL)),
    CONSTRAINT "orders_reason_known" CHECK ("cancellation_reason" IN
        ('INSUFFICIENT_CREDIT', 'UNKNOWN_CUSTOMER', 'CURRENCY_MISMATCH', 'CREDIT_CHECK_TIMEOUT', 'CUSTOMER_REQUEST')),
    CONSTRAINT "orders_version_from_one" CHECK ("version" >= 1 AND ("state" = 'PENDING') = ("version" = 1))
);

CREATE INDEX "orders_by_customer" ON "orders"("customer_id", "created_at" DESC, "id" DESC);

CREATE INDEX "orders_by_time" ON "orders"("created_at" DESC, "id" DESC);

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

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "outbox_sequence_from_one" CHECK ("sequence" >= 1)
);

CREATE UNIQUE INDEX "outbox_one_event_per_transition" ON "outbox"("aggregate_id", "sequence");
