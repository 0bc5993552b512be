/** Result of a saga: the outcome of each subject, or a failure when a subject has failed. */
import { ApplicationFailure } from '@temporalio/common';
import type { SagaResult } from '../contract';
import type { Ended } from './subject-run';

interface EndedSubject<Outcome> {
  readonly id: string;
  readonly ended: Ended<Outcome> | undefined;
}

/** @throws ApplicationFailure `SagaFailed` that names each failed subject; its cause is the failure of the first one */
export function resultOf<Outcome>(subjects: readonly EndedSubject<Outcome>[]): SagaResult<Outcome> {
  const outcomes: Outcome[] = [];
  const failed: { readonly id: string; readonly failure: ApplicationFailure }[] = [];
  for (const { id, ended } of subjects) {
    if (!ended) throw new TypeError(`${id} has not ended`);
    if ('outcome' in ended) outcomes.push(ended.outcome);
    else failed.push({ id, failure: ended.failure });
  }
  const [first] = failed;
  if (!first) return { outcomes };
  throw ApplicationFailure.create({
    type: 'SagaFailed',
    message: `${String(failed.length)} of ${String(subjects.length)} failed: ${failed.map(({ id, failure }) => `${id}: ${failure.message}`).join('; ')}`,
    nonRetryable: true,
    cause: first.failure,
  });
}
