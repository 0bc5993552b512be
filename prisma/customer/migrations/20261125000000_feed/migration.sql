-- Until when everything that was committed is published: said by a relay that has found no more to publish.
ALTER TABLE "outbox_relay" ADD COLUMN "published_to" TIMESTAMPTZ(3);
