-- An approved order that is being cancelled is CANCELLING (the semantic lock) until its credit is free again.
ALTER TABLE "orders"
    DROP CONSTRAINT "orders_state_known",
    ADD CONSTRAINT "orders_state_known" CHECK ("state" IN ('PENDING', 'APPROVED', 'CANCELLING', 'CANCELLED')),
    ADD COLUMN "cancellation_key" UUID;
