/**
 * What an operator can do about a step that must succeed and does not: have it asked for at once, after what
 * stood in its way was mended, or give it up. Who did it, when and why stays in the saga's history.
 */
import { defineQuery, defineUpdate, setHandler, uuid4 } from '@temporalio/workflow';
import type {
  GiveUpStepRequest,
  GivingUp,
  OrderRequest,
  ParkedStepReport,
  RetryStepRequest,
} from '../domain/contracts';
import { GIVE_UP_STEP, PARKED_STEPS, RETRY_STEP } from '../domain/names';
import type { Attention } from './attention';
import { timestamp } from './clock';
import { refusedUpdate, sagaFailure } from './saga-failures';
import type { SagaSteps } from './saga-steps';

const parkedSteps = defineQuery<ParkedStepReport[]>(PARKED_STEPS);
/** Both answer with the ids of the orders whose steps they found. */
const retryStep = defineUpdate<string[], [RetryStepRequest]>(RETRY_STEP);
const giveUpStep = defineUpdate<string[], [GiveUpStepRequest]>(GIVE_UP_STEP);

/** 100 and 500 characters: a name, and a reason with a ticket's number. */
const LONGEST = { by: 100, reason: 500 } as const;

/** An operator gave up the step that the order was waiting for; whether it has committed is unknown. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';

  constructor(readonly givingUp: GivingUp) {
    super(`${givingUp.step} was given up by ${givingUp.by}: ${givingUp.reason}`);
  }
}

/** @param attention knows the steps; it is nobody else's business which of them are parked */
export function handleParkedSteps(attention: Attention): void {
  const found = (orderId: string | undefined) =>
    attention.parked
      .map((step) => ({
        step,
        orderIds: step.orderIds.filter((id) => orderId === undefined || id === orderId),
      }))
      .filter(({ orderIds }) => orderIds.length > 0);
  const mustFind = (orderId: string | undefined) => {
    if (found(orderId).length > 0) return;
    throw refusedUpdate(
      'NothingParked',
      orderId === undefined ? 'no step of this saga is parked' : `no step of order ${orderId} is parked`,
    );
  };
  setHandler(parkedSteps, () => attention.report());
  setHandler(
    retryStep,
    ({ orderId }: RetryStepRequest) =>
      found(orderId).flatMap(({ step, orderIds }) => {
        step.retry();
        return orderIds;
      }),
    {
      validator: (request: RetryStepRequest) => {
        mustSay(request, ['by']);
        mustFind(request.orderId);
      },
    },
  );
  setHandler(
    giveUpStep,
    ({ orderId, by, reason }: GiveUpStepRequest) =>
      found(orderId).flatMap(({ step, orderIds }) => {
        step.giveUp(orderIds, new GivenUp({ id: uuid4(), step: step.words, by, reason, at: timestamp() }));
        return orderIds;
      }),
    {
      validator: (request: GiveUpStepRequest) => {
        mustSay(request, ['by', 'reason']);
        mustFind(request.orderId);
      },
    },
  );
}

/** What comes from a person's keyboard is whatever it is. */
function mustSay(
  request: Partial<GiveUpStepRequest> | undefined,
  names: readonly (keyof typeof LONGEST)[],
): void {
  for (const name of names) {
    const text: unknown = request?.[name];
    if (typeof text === 'string' && text.trim() !== '' && text.length <= LONGEST[name]) continue;
    throw refusedUpdate('BadRequest', `"${name}" must be a text of 1 to ${String(LONGEST[name])} characters`);
  }
}

/**
 * Records the decision, beside the saga's own history. When that is given up as well, the history has it alone.
 *
 * @throws ApplicationFailure `SagaGivenUp`: the order stays as it is until its saga is run again (`npm run repair`)
 * @throws the failure itself when nobody gave anything up
 */
export async function endGivenUp(order: OrderRequest, failure: unknown, steps: SagaSteps): Promise<never> {
  if (!(failure instanceof GivenUp)) throw failure;
  await steps.giveUpOrder({ ...order, givingUp: failure.givingUp }).catch((again: unknown) => {
    if (!(again instanceof GivenUp)) throw again;
  });
  throw sagaFailure('SagaGivenUp', failure.message);
}
