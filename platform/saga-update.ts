/** Updates of a saga, asked for until the server has taken them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';

/** 100 ms: the saga's task has been given out again by then. */
const AGAIN_AFTER_MS = 100;

/** FAILED_PRECONDITION of gRPC's status codes, https://grpc.io/docs/guides/status-codes/. */
const TASK_UNDONE = [9];

/**
 * Has a saga take a request. A task of the saga that is undone, because something else happened to the saga at the same
 * time, takes the update with it: nothing was done, and it is asked for again, by the same id.
 *
 * @returns what the saga answers
 * @throws WorkflowUpdateFailedError when the saga refuses it
 * @throws WorkflowNotFoundError when the saga has ended, or there is none
 * @throws ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError when there was no answer in time
 */
export async function executeUpdate<Result>(
  client: Client,
  { sagaId, update, request }: { sagaId: string; update: string; request: object },
  withinMs: number,
): Promise<Result> {
  const late = AbortSignal.timeout(withinMs);
  const handle = client.workflow.getHandle(sagaId);
  const options: { updateId: string; args: [object] } = { updateId: randomUUID(), args: [request] };
  for (;;) {
    try {
      return await client.withAbortSignal(late, () =>
        handle.executeUpdate<Result, [object]>(update, options),
      );
    } catch (error) {
      if (late.aborted || !isUndone(error)) throw error;
      await sleep(AGAIN_AFTER_MS);
    }
  }
}

function isUndone(error: unknown): boolean {
  return error instanceof Error && isGrpcServiceError(error.cause) && TASK_UNDONE.includes(error.cause.code);
}
