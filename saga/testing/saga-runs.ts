/** Runs a saga for the laws: with fresh subjects, their results, and a replay of every history. */
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { SagaInput, SagaResult } from '../contract';
import { answeredSteps, historiesFrom, type History, notReplayed } from './histories';
import type { AnyPath, AnySaga, Traces } from './saga-under-test';
import { startStage, type Stage } from './stage';
import { followPath } from './path-failure';
import { Places } from './places';
import { plainly, type StepCall, type Tampering } from './tampering';

/** 12: enough to keep two processors busy, and few enough that a step is not late for its deadline. */
const RUNS_AT_ONCE = 12;

/** 60 s, for a busy machine. A saga that takes longer fails its law with `TimeoutFailure`. */
const ENDS_WITHIN_MS = 60_000;

/** Result of a saga for one subject. */
interface Came extends Traces {
  /** The outcome of the subject; the type of the failure when the saga failed. */
  readonly outcome: unknown;
}

/** A saga that has ended, and what it left. */
export interface SagaRan<Subject> {
  readonly sagaId: string;
  readonly subjects: readonly Subject[];
  readonly came: readonly Came[];
  readonly histories: readonly History[];
}

/** Options of one run. */
export interface RunOptions<Subject> {
  /** Number of subjects; 1 by default. */
  readonly count?: number;
  /** Whether the saga takes the fast path, too. */
  readonly onFastPath?: boolean;
  /** Called before each attempt of a step. */
  readonly before?: (call: StepCall) => Promise<void>;
  /** Tampering for the steps that do not fail on the path. */
  readonly tampering?: (subject: Subject, others: readonly Subject[]) => Tampering;
}

export class SagaRuns<Subject, Settings> {
  readonly #saga: AnySaga<Subject, Settings>;
  #stage: Stage<Subject, Settings> | undefined;
  /** Names of the steps that have answered in any run. */
  readonly seen = new Set<string>();
  readonly #places = new Places(RUNS_AT_ONCE);
  #histories: { readonly workflowId: string; readonly history: History }[] = [];

  constructor(saga: AnySaga<Subject, Settings>) {
    this.#saga = saga;
  }

  async start(): Promise<void> {
    this.#stage = await startStage(this.#saga);
  }

  async stop(): Promise<void> {
    await this.#stage?.stop();
  }

  get client(): Client {
    return this.#running.client;
  }

  get #running(): Stage<Subject, Settings> {
    if (!this.#stage) throw new Error('the workers have not started');
    return this.#stage;
  }

  /** Runs the saga on the path, for fresh subjects. */
  async run(path: AnyPath<Subject, Settings>, options: RunOptions<Subject> = {}): Promise<SagaRan<Subject>> {
    const sagaId = this.#newId();
    const subject = await path.subject(sagaId);
    const others: Subject[] = [];
    while (others.length + 1 < (options.count ?? 1)) others.push(await path.subject(sagaId));
    const followed = followPath(path, this.client, options.tampering?.(subject, others) ?? plainly);
    const tampering: Tampering = async (call) => {
      await options.before?.(call);
      return followed(call);
    };
    return this.#execute(path, sagaId, [subject, ...others], tampering, options.onFastPath);
  }

  /** Runs one saga for a fresh subject of each path. The paths must be without failures. */
  async runMixed(
    paths: readonly AnyPath<Subject, Settings>[],
    tampering: Tampering,
  ): Promise<SagaRan<Subject>> {
    const sagaId = this.#newId();
    const subjects: Subject[] = [];
    for (const path of paths) subjects.push(await path.subject(sagaId));
    return this.#execute({}, sagaId, subjects, tampering);
  }

  /** Runs a saga that has ended again, from the start. No step fails. */
  again(path: AnyPath<Subject, Settings>, { sagaId, subjects }: SagaRan<Subject>): Promise<SagaRan<Subject>> {
    return this.#execute(path, sagaId, subjects, plainly);
  }

  /** @returns workflow id and error message of each history since the last call that does not replay */
  notReplayed(): Promise<string[]> {
    return notReplayed(this.#running.workflowBundle, this.#histories.splice(0));
  }

  #newId(): string {
    const { saga, workflowId } = this.#saga;
    const uuid = randomUUID();
    return workflowId?.(uuid) ?? `${saga}-${uuid}`;
  }

  #execute(
    path: Pick<AnyPath<Subject, Settings>, 'settings'>,
    workflowId: string,
    subjects: readonly Subject[],
    tampering: Tampering,
    onFastPath = false,
  ): Promise<SagaRan<Subject>> {
    return this.#places.run(() => this.#ended(path, workflowId, subjects, tampering, onFastPath));
  }

  async #ended(
    { settings }: Pick<AnyPath<Subject, Settings>, 'settings'>,
    workflowId: string,
    subjects: readonly Subject[],
    tampering: Tampering,
    onFastPath: boolean,
  ): Promise<SagaRan<Subject>> {
    const { saga, taskQueues, placement = 'colocated', traces } = this.#saga;
    const input: SagaInput<Subject, Settings> = {
      placement,
      subjects,
      settings: settings ?? this.#saga.settings,
    };
    this.#running.steps.tamper(workflowId, tampering);
    const handle = await this.client.workflow.start(saga, {
      workflowId,
      taskQueue: taskQueues[0],
      args: [input],
      workflowExecutionTimeout: ENDS_WITHIN_MS,
    });
    const [first] = subjects;
    if (onFastPath && first !== undefined) void this.#running.fastPath?.run(workflowId, first);
    const outcomes = await handle.result().then(
      (result: SagaResult<unknown>) => result.outcomes,
      (error: unknown) => subjects.map(() => failureType(error)),
    );
    const histories = await historiesFrom(this.client, workflowId, handle.firstExecutionRunId);
    for (const step of answeredSteps(histories)) this.seen.add(step);
    this.#histories.push(...histories.map((history) => ({ workflowId, history })));
    const came = await Promise.all(
      subjects.map(async (subject, index) => ({ outcome: outcomes[index], ...(await traces(subject)) })),
    );
    return { sagaId: workflowId, subjects, came, histories };
  }
}

function failureType(error: unknown): string {
  if (!(error instanceof WorkflowFailedError)) throw error;
  const { cause } = error;
  return cause instanceof ApplicationFailure ? String(cause.type) : (cause?.name ?? error.message);
}
