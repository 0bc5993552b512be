/** What is seen of a saga, beside its histories. */
import type { GiveUpStepRequest } from '../../saga/contract';
import type { Job } from './activation';

/** A job, and the last command that the code had issued before it. */
export interface Noted {
  readonly job: Job;
  readonly issuedBefore: number;
  /** Timers that the code set in reaction to the job. */
  readonly timers: NewTimer[];
}

export interface NewTimer {
  readonly seq: number;
  readonly summary: string;
  readonly due: number;
}

/** What an operator has given up. */
export interface GivenUp extends Pick<GiveUpStepRequest, 'by' | 'reason'> {
  readonly sagaId: string;
  readonly orderId: string;
  readonly step: string;
}

/** What is seen of a saga that the checks have to know, whatever becomes of the saga. */
export interface Observed {
  /** Orders whose credit check reached its deadline without an answer. */
  readonly late: Set<string>;
  readonly decisions: GivenUp[];
}
