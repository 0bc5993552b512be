/** What is simulated: the product's own sagas, and models of the rest; or any of them with a planted bug. */
import { CustomerDatabase } from './customer-database';
import { type Edit, loadWorkflows, type Workflows } from './load-workflows';
import type { ModelSteps } from './model-steps';
import { OrderDatabase } from './order-database';
import { type Outbox, Relay } from './outbox';
import type { StepCall } from './step-call';
import { WorkflowRuntime } from './workflow-runtime';

export interface Protocol {
  readonly runtime: WorkflowRuntime;
  readonly workflows: Workflows;
  readonly orderDatabase: () => OrderDatabase;
  readonly customerDatabase: () => CustomerDatabase;
  readonly relay: (outbox: Outbox) => Relay;
  /** Begins a step another way than as one transaction, in which every order but those `held` is served. */
  readonly attempt?: (call: StepCall, steps: ModelSteps, held: ReadonlySet<string>) => void;
}

/** @param edits of the compiled workflow code, to plant a bug */
export function productProtocol(edits: readonly Edit[] = []): Protocol {
  const runtime = new WorkflowRuntime();
  return {
    runtime,
    workflows: loadWorkflows(runtime, edits),
    orderDatabase: () => new OrderDatabase(),
    customerDatabase: () => new CustomerDatabase(),
    relay: (outbox) => new Relay(outbox),
  };
}
