/** What is simulated: the product's own sagas, and models of the rest; or any of them with a planted bug. */
import { CustomerDatabase } from './customer-database';
import { type Edit, loadWorkflows, type Workflows } from './load-workflows';
import type { ModelSteps } from './model-steps';
import { OrderDatabase } from './order-database';
import { type Outbox, Relay } from './outbox';
import type { StepCall } from './step-call';
import { AS_IN_THE_PRODUCT, type Scenario } from './scenario';
import { WorkflowRuntime } from './workflow-runtime';

export type CreateOrder = Workflows['createOrderSaga']['run'];

type Limits = Pick<Scenario, 'localAttempts' | 'continuesAfter'>;

export interface Protocol {
  readonly runtime: WorkflowRuntime;
  /** The sagas' code, with the scenario's limits. */
  readonly workflows: (limits: Limits) => Workflows;
  readonly orderDatabase: () => OrderDatabase;
  readonly customerDatabase: () => CustomerDatabase;
  readonly relay: (outbox: Outbox) => Relay;
  /** Whether a caller's cancellation is confirmed when it has been asked for: a bug, its row may never show it. */
  readonly confirmsAtOnce?: boolean;
  /** Changes the function that the fast path runs: a bug. */
  readonly onFastPath?: (run: CreateOrder) => CreateOrder;
  /** Begins a step another way than as one transaction, in which every order but those `held` is served. */
  readonly attempt?: (call: StepCall, steps: ModelSteps, held: ReadonlySet<string>) => void;
}

/** @param edits of the compiled workflow code, to plant a bug */
export function productProtocol(edits: readonly Edit[] = []): Protocol {
  const runtime = new WorkflowRuntime();
  // At once, so that an edit which does not fit is refused at once.
  loadWorkflows(runtime, edits);
  const loaded = new Map<string, Workflows>();
  return {
    runtime,
    workflows: (limits) => {
      const key = `${String(limits.localAttempts)} ${String(limits.continuesAfter)}`;
      const workflows = loaded.get(key) ?? loadWorkflows(runtime, [...edits, ...limited(limits)]);
      loaded.set(key, workflows);
      return workflows;
    },
    orderDatabase: () => new OrderDatabase(),
    customerDatabase: () => new CustomerDatabase(),
    relay: (outbox) => new Relay(outbox),
  };
}

function limited({ localAttempts, continuesAfter }: Limits): Edit[] {
  const { localAttempts: usual, continuesAfter: usualLength } = AS_IN_THE_PRODUCT;
  return [
    limit('LOCAL_ATTEMPTS', usual, localAttempts),
    limit('CONTINUE_AFTER_EVENTS', usualLength, continuesAfter),
  ];
}

function limit(name: string, usual: number, wanted: number): Edit {
  const assigned = `exports.${name} = `;
  const from = `${assigned}${String(usual)};`;
  return { file: 'saga/workflow/limits.js', from, to: `${assigned}${String(wanted)};` };
}
