/** Causes the failure that puts a saga on its path. */
import type { Client } from '@temporalio/client';
import { GIVE_UP_STEP, type GiveUpStepRequest } from '../contract';
import type { AnyPath } from './saga-under-test';
import { failing, lostConnection, permanentFailure, type Tampering } from './tampering';

const DECISION: GiveUpStepRequest = { by: 'a law', reason: 'its path gives the step up' };

/** @param tampering for the steps that do not fail on the path */
export function followPath<Subject, Settings>(
  { fails }: AnyPath<Subject, Settings>,
  client: Client,
  tampering: Tampering,
): Tampering {
  if (!fails) return tampering;
  return async (call) => {
    if (call.step !== fails.step) return tampering(call);
    // Only a parked step can be given up. It is parked after its first attempt has failed.
    if (fails.how === 'until it is given up' && call.attempt > 1)
      await client.workflow.getHandle(call.request.sagaId).signal(GIVE_UP_STEP, DECISION);
    return failing(
      call,
      fails.moment,
      fails.how === 'until its deadline' ? lostConnection() : permanentFailure(),
    );
  };
}
