-- A page of the feed for a subject, or for a type, reads only its own events.
CREATE INDEX "outbox_by_subject" ON "outbox"("aggregate_id", "position") WHERE "position" IS NOT NULL;

CREATE INDEX "outbox_by_type" ON "outbox"("type", "position") WHERE "position" IS NOT NULL;

-- Likewise a page of orders for each filter of the API.
CREATE INDEX "orders_by_state" ON "orders"("state", "created_at" DESC, "id" DESC);

CREATE INDEX "orders_by_customer_and_state" ON "orders"("customer_id", "state", "created_at" DESC, "id" DESC);
