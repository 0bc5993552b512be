/** What is simulated: the product's own sagas, and models of the rest; or any of them with a planted bug. */
import { CustomerDatabase } from './customer-database';
import { type Edit, loadWorkflows, type Workflows } from './load-workflows';
import type { ModelSteps } from './model-steps';
import { OrderDatabase } from './order-database';
import { type Outbox, Relay } from './outbox';
import type { StepCall } from './step-call';
import { AS_IN_THE_PRODUCT, type Scenario } from './scenario';
import { WorkflowRuntime } from './workflow-runtime';

export interface Protocol {
  readonly runtime: WorkflowRuntime;
  /** The sagas' code, with the scenario's limits. */
  readonly workflows: (scenario: Pick<Scenario, 'localAttempts'>) => Workflows;
  readonly orderDatabase: () => OrderDatabase;
  readonly customerDatabase: () => CustomerDatabase;
  readonly relay: (outbox: Outbox) => Relay;
  /** Whether a caller's cancellation is confirmed when it has been asked for: a bug, its row may never show it. */
  readonly confirmsAtOnce?: boolean;
  /** Begins a step another way than as one transaction, in which every order but those `held` is served. */
  readonly attempt?: (call: StepCall, steps: ModelSteps, held: ReadonlySet<string>) => void;
}

/** @param edits of the compiled workflow code, to plant a bug */
export function productProtocol(edits: readonly Edit[] = []): Protocol {
  const runtime = new WorkflowRuntime();
  const { localAttempts: usual } = AS_IN_THE_PRODUCT;
  // At once, so that an edit which does not fit is refused at once.
  const loaded = new Map<number, Workflows>([[usual, loadWorkflows(runtime, edits)]]);
  return {
    runtime,
    workflows: ({ localAttempts }) => {
      const before = loaded.get(localAttempts);
      if (before) return before;
      const workflows = loadWorkflows(runtime, [...edits, ...limited(localAttempts)]);
      loaded.set(localAttempts, workflows);
      return workflows;
    },
    orderDatabase: () => new OrderDatabase(),
    customerDatabase: () => new CustomerDatabase(),
    relay: (outbox) => new Relay(outbox),
  };
}

function limited(localAttempts: number): Edit[] {
  const name = 'exports.LOCAL_ATTEMPTS = ';
  return [
    {
      file: 'saga/workflow/limits.js',
      from: `${name}${String(AS_IN_THE_PRODUCT.localAttempts)};`,
      to: `${name}${String(localAttempts)};`,
    },
  ];
}
