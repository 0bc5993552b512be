-- How far each service was followed, as its feed says; one time for both claimed too much when one of them was away.
ALTER TABLE "checkpoints" DROP COLUMN "followed_to", ADD COLUMN "complete_to" JSONB NOT NULL DEFAULT '{}';
