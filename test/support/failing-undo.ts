/** A saga whose compensation has a bug: it fails whenever its step does not answer as it expects. */
import { defineSaga, defineService, defineStep, sagaFailure } from '../../saga/workflow';

export interface Loan {
  readonly loanId: string;
}

export interface LoanSteps {
  lend(request: { sagaId: string; items: readonly Loan[] }): Promise<{ loanId: string; outcome: string }[]>;
  takeBack(request: {
    sagaId: string;
    items: readonly Loan[];
  }): Promise<{ loanId: string; outcome: string }[]>;
}

const books = defineService<LoanSteps>({ taskQueue: 'loans', key: 'loanId' });
const lend = defineStep(books, 'lend', { words: 'lend' });
const takeBack = defineStep(books, 'takeBack', { words: 'take back' });

export const lendBook = defineSaga<Loan, { readonly state: string }, unknown>(
  { taskQueue: 'loans', subject: ({ loanId }) => loanId, describe: ({ state }) => state },
  async (loan, saga) => {
    await saga.step(lend, loan, {
      undo: async () => {
        const { outcome } = await saga.step(takeBack, loan);
        if (outcome !== 'back') throw sagaFailure('UndoBroken', `nobody has thought of ${outcome}`);
      },
    });
    return saga.unwind({ state: 'BACK' });
  },
);
