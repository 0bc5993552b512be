/** The steps of domain/contracts.ts on the model databases: one call, one transaction. */
import type { CreditSteps, OrderSteps } from '../../domain/contracts';
import { CUSTOMER_TASK_QUEUE } from '../../domain/names';
import * as orderSteps from '../../workflows/order-steps';
import type { Transaction } from './model-table';

/** One execution of a step's statement. */
export interface Attempt {
  /** Open; who runs the step commits it. */
  readonly transaction: Transaction;
  /** Orders whose rows a transaction outside of the model locks. */
  readonly held: ReadonlySet<string>;
}

type OnModel<Steps> = {
  [Name in keyof Steps]: Steps[Name] extends (request: infer Request) => Promise<infer Results>
    ? (request: Request, attempt: Attempt) => Results
    : never;
};

export type OrderModelSteps = OnModel<OrderSteps>;
export type CreditModelSteps = OnModel<CreditSteps>;
export type ModelSteps = OrderModelSteps & CreditModelSteps;
export type StepName = keyof ModelSteps;
export type StepResult = ReturnType<ModelSteps[StepName]>[number];

const steps = Object.values(orderSteps).map(({ activity, taskQueue }) => ({
  // The definition accepts only these names, and keeps them as text.
  name: activity as StepName,
  isCredit: taskQueue === CUSTOMER_TASK_QUEUE,
}));

export const ORDER_STEPS = steps.filter(({ isCredit }) => !isCredit).map(({ name }) => name);
export const CREDIT_STEPS = steps.filter(({ isCredit }) => isCredit).map(({ name }) => name);
