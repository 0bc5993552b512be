/**
 * Group commit of sagas: while a group is under way, the subjects that arrive form the next one. Alone, a subject starts
 * at once and is its own group; under load a group carries up to `groupMax` subjects for the price of one workflow, and
 * full groups go alongside each other.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { GroupPace } from './group-pace';
import { closedOnServer, type ExpectedEnd, SagaEnds, type SagaProgress } from './saga-ends';
import { type SagaSettings, type SagaType, type StartedSaga, startOptions, startSaga } from './start-options';
import { SagaStarterFull, SagaStartFailed, type Submission, type Ticket } from './submission';
import { type Waiting, WaitingLine } from './waiting-line';
import { TimedOut, withTimeout } from './with-timeout';

export interface GroupStarterOptions<Subject, Settings> {
  readonly client: Client;
  readonly type: SagaType<Subject>;
  /** What every group's input has beside its subjects. */
  readonly input: SagaSettings<Settings>;
  /** Not with versioned workers: an eager start goes to this process's worker, whichever version is current. */
  readonly eagerStart: boolean;
  /** Subjects in a group, 1 to 50; 1 turns groups off. */
  readonly groupMax: number;
  /** Groups under way at once. */
  readonly groupsInFlight: number;
  /** Subjects that may wait for a group. */
  readonly waitingMax: number;
  /** Called after each start; `eager`: this process's worker got the first task with the reply. */
  readonly onStarted?: (start: { sagaId: string; subjectIds: readonly string[]; eager: boolean }) => void;
}

export class GroupStarter<Subject, Settings> {
  readonly #line = new WaitingLine<Subject>();
  readonly #ends = new SagaEnds();
  readonly #pace = new GroupPace();
  #groupsUnderWay = 0;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(private readonly options: GroupStarterOptions<Subject, Settings>) {}

  get limits(): Pick<GroupStarterOptions<Subject, Settings>, 'groupMax' | 'groupsInFlight' | 'waitingMax'> {
    return this.options;
  }

  get groupsUnderWay(): number {
    return this.#groupsUnderWay;
  }

  /** Subjects that wait for the next group. */
  get waiting(): number {
    return this.#line.length;
  }

  /** @throws SagaStarterFull when too many subjects wait already */
  submit(subject: Subject): Ticket {
    const { waitingMax, type } = this.options;
    if (this.#line.length >= waitingMax)
      throw new SagaStarterFull(`${String(waitingMax)} subjects wait for their saga`);
    let withdraw = (): boolean => false;
    const submitted = new Promise<Submission>((resolve, reject) => {
      const waiting = { id: type.subjectId(subject), subject, since: performance.now(), resolve, reject };
      withdraw = () => this.#line.remove(waiting);
      this.#line.add(waiting);
      this.#startGroups();
    });
    return { submitted, withdraw };
  }

  /** The worker of this process reports that a saga, of whatever start, has ended or waits. */
  sagaProgressed(sagaId: string, progress: SagaProgress): void {
    this.#ends.publish(sagaId, progress);
  }

  #startGroups(): void {
    const { groupMax, groupsInFlight } = this.options;
    while (this.#mayStart()) {
      const group = this.#line.takeGroup(groupMax);
      this.#groupsUnderWay += 1;
      void this.#carry(group).finally(() => {
        this.#groupsUnderWay -= 1;
        this.#startGroups();
      });
    }
    clearTimeout(this.#lookAgain);
    const { first } = this.#line;
    if (!first || this.#groupsUnderWay >= groupsInFlight) return;
    const left = first.since + this.#pace.alongsideAfterMs - performance.now();
    this.#lookAgain = setTimeout(
      () => {
        this.#startGroups();
      },
      Math.max(left, 1),
    );
  }

  /** Alone at once; beside another group only when that makes a full one, or the other takes its time. */
  #mayStart(): boolean {
    const { groupMax, groupsInFlight } = this.options;
    const { first } = this.#line;
    if (!first || this.#groupsUnderWay >= groupsInFlight) return false;
    if (this.#groupsUnderWay === 0 || this.#line.length >= groupMax) return true;
    return performance.now() - first.since >= this.#pace.alongsideAfterMs;
  }

  /** Resolves when the group's saga has ended, or has had its place for long enough. Never rejects. */
  async #carry(group: readonly Waiting<Subject>[]): Promise<void> {
    const { client, type, input, eagerStart } = this.options;
    const options = startOptions(type, { ...input, subjects: group.map(({ subject }) => subject) });
    const end = this.#ends.expect(options.workflowId);
    const began = performance.now();
    let saga: StartedSaga;
    try {
      saga = await startSaga(client, type, options, eagerStart);
    } catch (error) {
      end.forget();
      await this.#notStarted(group, error);
      return;
    }
    for (const { resolve } of group) resolve('started');
    this.#report(saga, group);
    await unlessLate(this.#watch(saga, end, began), this.#pace.placeMs);
  }

  #report(
    { workflowId: sagaId, eagerlyStarted: eager }: StartedSaga,
    group: readonly Waiting<Subject>[],
  ): void {
    this.options.onStarted?.({ sagaId, subjectIds: group.map(({ id }) => id), eager });
  }

  /**
   * How a saga ends is its subjects' matter; here it only counts that it has, and after how long. One that waits for
   * locked rows needs no place: others would not wait for them.
   */
  async #watch(saga: StartedSaga, end: ExpectedEnd, began: number): Promise<void> {
    const progressed = saga.eagerlyStarted
      ? end.progressed
      : Promise.race([end.progressed, closedOnServer(this.options.client, saga)]);
    if ((await unlessLate(progressed, this.#pace.watchMs)) === 'ended')
      this.#pace.ended(performance.now() - began);
    end.forget();
  }

  async #notStarted(group: readonly Waiting<Subject>[], error: unknown): Promise<void> {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
      const failure = new SagaStartFailed('Temporal did not confirm the start of the saga', { cause: error });
      for (const { reject } of group) reject(failure);
    } else if (group.length === 1) {
      for (const { resolve } of group) resolve('already-started');
    } else {
      // The other saga of this id carries this group's first subject, but not surely the rest of it.
      await Promise.all(group.map((waiting) => this.#carry([waiting])));
    }
  }
}

/** @returns undefined when it is not done in time */
async function unlessLate<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  try {
    return await withTimeout(work, ms, 'a group');
  } catch (error) {
    if (error instanceof TimedOut) return undefined;
    throw error;
  }
}
