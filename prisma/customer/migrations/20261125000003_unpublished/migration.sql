-- What is unpublished is looked for by id, and by transaction. After an ANALYZE Postgres believes that there is next to
-- nothing of it, and any index that may answer is as good to it as the right one: it walked all that had been published since
-- an old transaction began. So each look has an index whose condition the other look does not imply (columns that are
-- NOT NULL anyway: comparing them implies it), and that of what is published answers neither.
DROP INDEX "outbox_by_position";
CREATE INDEX "outbox_by_position" ON "outbox"("position") WHERE "position" IS NOT NULL;
CREATE INDEX "outbox_unpublished_by_id" ON "outbox"("id") WHERE "position" IS NULL AND "id" IS NOT NULL;
DROP INDEX "outbox_unpublished";
CREATE INDEX "outbox_unpublished_by_transaction" ON "outbox"("transaction_id")
    WHERE "position" IS NULL AND "transaction_id" IS NOT NULL;
