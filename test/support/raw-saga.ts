/** What Temporal keeps of a saga, as anybody with access to the server can read it: without the payload codec. */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;
const { DescribeWorkflowExecutionResponse, ListWorkflowExecutionsResponse, QueryWorkflowResponse } =
  temporal.api.workflowservice.v1;

/**
 * @returns the bytes of its history, its description with memo and pending steps, its entry in the list, and its current
 *   details, as text
 */
export async function rawTextOf({ workflowService, options }: Client, workflowId: string): Promise<string> {
  const { namespace } = options;
  const execution = { workflowId };
  const [history, described, listed, queried] = await Promise.all([
    workflowService.getWorkflowExecutionHistory({ namespace, execution }),
    workflowService.describeWorkflowExecution({ namespace, execution }),
    workflowService.listWorkflowExecutions({ namespace, query: `WorkflowId = '${workflowId}'` }),
    workflowService.queryWorkflow({
      namespace,
      execution,
      query: { queryType: '__temporal_workflow_metadata' },
    }),
  ]);
  return [
    History.encode(history.history ?? {}),
    DescribeWorkflowExecutionResponse.encode(described),
    ListWorkflowExecutionsResponse.encode(listed),
    QueryWorkflowResponse.encode(queried),
  ]
    .map((message) => Buffer.from(message.finish()).toString('latin1'))
    .join('\n');
}
