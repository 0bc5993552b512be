-- Operators' decisions that a saga need not go on asking for a step.
CREATE TABLE "given_up_steps" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "saga_id" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "given_up_steps_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "given_up_steps_by_order" ON "given_up_steps"("order_id", "at" DESC);
