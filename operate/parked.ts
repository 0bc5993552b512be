/** Sagas with a step that must succeed and keeps failing: found by a query, asked, and told what to do. */
import {
  type Client,
  QueryNotRegisteredError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { GiveUpStepRequest, ParkedStepReport, RetryStepRequest } from '../domain/contracts';
import { GIVE_UP_STEP, NEEDS_ATTENTION_ATTRIBUTE, PARKED_STEPS, RETRY_STEP } from '../domain/names';
import { executeUpdate } from '../platform/saga-update';
import { reasonOf } from '../platform/temporal';

/** 10 s: longer than a worker that died is waited for; a saga that runs answers in milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

export interface ParkedSaga {
  readonly sagaId: string;
  readonly steps: readonly ParkedStepReport[];
}

/** What is to be done with every saga that is found. */
export type Order =
  | { readonly update: typeof RETRY_STEP; readonly request: RetryStepRequest }
  | { readonly update: typeof GIVE_UP_STEP; readonly request: GiveUpStepRequest };

export interface Told {
  readonly sagaId: string;
  /** Of whom a step was found. */
  readonly orderIds: readonly string[];
  /** Why the saga did nothing. */
  readonly refusal?: string;
}

/**
 * @param query of Temporal's list filter, beside being parked; all when undefined
 * @throws ServiceError when the server refuses the query, or is away
 */
export async function* parkedSagas(client: Client, query: string | undefined): AsyncGenerator<ParkedSaga> {
  const parked = `${NEEDS_ATTENTION_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = 'Running'`;
  const all = query === undefined ? parked : `(${query}) AND ${parked}`;
  for await (const { workflowId: sagaId, typedSearchAttributes } of client.workflow.list({ query: all })) {
    const names = typedSearchAttributes
      .getAll()
      .flatMap(({ key, value }) => (key.name === NEEDS_ATTENTION_ATTRIBUTE ? value : []));
    yield { sagaId, steps: await stepsOf(client, sagaId, names.map(String)) };
  }
}

/** @param names of the steps, for a saga that cannot answer because no worker runs it */
async function stepsOf(
  client: Client,
  sagaId: string,
  names: readonly string[],
): Promise<ParkedStepReport[]> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflow.getHandle(sagaId).query<ParkedStepReport[]>(PARKED_STEPS),
    );
  } catch (error) {
    const reason =
      error instanceof QueryNotRegisteredError
        ? 'it is run by a worker of an older version'
        : reasonOf(error);
    return names.map((step) => ({
      step,
      reason: `the saga does not answer: ${reason}`,
      since: '?',
      orderIds: [],
    }));
  }
}

/** A saga that has gone on meanwhile, or is run by an older version, refuses; that is no error. */
export async function tell(client: Client, sagaId: string, { update, request }: Order): Promise<Told> {
  try {
    const orderIds = await executeUpdate<string[]>(client, { sagaId, update, request }, ANSWER_WITHIN_MS);
    return { sagaId, orderIds };
  } catch (error) {
    return { sagaId, orderIds: [], refusal: refusalOf(error) };
  }
}

function refusalOf(error: unknown): string {
  if (error instanceof WorkflowNotFoundError) return 'it has ended';
  if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message;
  return reasonOf(error);
}
