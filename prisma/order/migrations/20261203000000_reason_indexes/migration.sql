-- A page of cancelled orders with a reason reads only its own orders. Orders that were never cancelled are not in these
-- indexes, so an approved order costs no further write.
CREATE INDEX "orders_by_reason" ON "orders"("cancellation_reason", "created_at" DESC, "id" DESC) WHERE "cancellation_reason" IS NOT NULL;

CREATE INDEX "orders_by_customer_and_reason" ON "orders"("customer_id", "cancellation_reason", "created_at" DESC, "id" DESC) WHERE "cancellation_reason" IS NOT NULL;
