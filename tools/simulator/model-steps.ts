/** The steps of domain/contracts.ts on the model databases: one call, one transaction. */
import type {
  ApproveOrder,
  ApproveResult,
  CancelOrder,
  CancelResult,
  CreatePendingResult,
  GiveUpOrder,
  GiveUpResult,
  OrderRequest,
  ReleaseResult,
  CancellationRequest,
  RequestCancellationResult,
  ReserveResult,
  StepRequest,
} from '../../domain/contracts';
import type { Transaction } from './model-table';

/** One execution of a step's statement. */
export interface Attempt {
  /** Open; who runs the step commits it. */
  readonly transaction: Transaction;
  /** Orders whose rows a transaction outside of the model locks. */
  readonly held: ReadonlySet<string>;
}

export interface OrderModelSteps {
  createPendingOrders(request: StepRequest<OrderRequest>, attempt: Attempt): CreatePendingResult[];
  approveOrders(request: StepRequest<ApproveOrder>, attempt: Attempt): ApproveResult[];
  cancelOrders(request: StepRequest<CancelOrder>, attempt: Attempt): CancelResult[];
  requestCancellations(
    request: StepRequest<CancellationRequest>,
    attempt: Attempt,
  ): RequestCancellationResult[];
  giveUpOrders(request: StepRequest<GiveUpOrder>, attempt: Attempt): GiveUpResult[];
}

export interface CreditModelSteps {
  reserveCredit(request: StepRequest<OrderRequest>, attempt: Attempt): ReserveResult[];
  releaseCredit(request: StepRequest<OrderRequest>, attempt: Attempt): ReleaseResult[];
}

export type ModelSteps = OrderModelSteps & CreditModelSteps;
export type StepName = keyof ModelSteps;

export type StepResult =
  | CreatePendingResult
  | ApproveResult
  | CancelResult
  | RequestCancellationResult
  | GiveUpResult
  | ReserveResult
  | ReleaseResult;
