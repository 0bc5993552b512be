/** The three statements alone, one after the other: no engine, and nothing survives a crash in between. */
import { approve, createPending, reserveCredit, serve } from './shared.mjs';

serve(async (order) => {
  await createPending(order);
  await reserveCredit(order);
  return approve(order);
});
