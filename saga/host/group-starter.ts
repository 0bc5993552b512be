/**
 * Group commit of sagas: subjects that arrive while a group is under way form the next group. A subject that arrives alone
 * is its own group and starts at once. Under load, a group carries up to `groupMax` subjects for the price of one
 * workflow, and full groups start beside each other.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { GroupPace } from './group-pace';
import { closedOnServer, type ExpectedEnd, SagaEnds, type SagaProgress } from './saga-ends';
import { type SagaSettings, type SagaType, type StartedSaga, startOptions, startSaga } from './start-options';
import { SagaStarterFull, SagaStartFailed, type Submission, type Ticket } from './submission';
import { type Waiting, WaitingLine } from './waiting-line';
import { TimedOut, withTimeout } from './with-timeout';

/** Options of a {@link GroupStarter}. */
export interface GroupStarterOptions<Subject, Settings> {
  readonly client: Client;
  readonly type: SagaType<Subject>;
  /** The input of every group, without its subjects. */
  readonly input: SagaSettings<Settings>;
  /** Must be false with versioned workers: an eager start goes to this process's worker, whatever version is current. */
  readonly eagerStart: boolean;
  /** Most subjects in a group, 1 to 50; 1 turns groups off. */
  readonly groupMax: number;
  /** Most groups under way at once. */
  readonly groupsInFlight: number;
  /** Most subjects that may wait for a group. */
  readonly waitingMax: number;
  /** Called after each start. `eager`: this process's worker got the first workflow task with the reply. */
  readonly onStarted?: (start: { sagaId: string; subjectIds: readonly string[]; eager: boolean }) => void;
}

/**
 * Starts sagas in groups. Use one for each workflow type in each process.
 *
 * @example
 * const starter = new GroupStarter({
 *   client, type: bookSeatType, input: { placement: 'colocated', settings: { paymentTimeoutMs: 20_000 } },
 *   eagerStart: true, groupMax: 50, groupsInFlight: 4, waitingMax: 1_000,
 * });
 * const ticket = starter.submit(booking);
 * await ticket.submitted; // 'started': from here the saga is durable
 */
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

  /** Number of subjects that wait for the next group. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Submits a subject for the next group.
   *
   * @returns a ticket that reports the start, and can be withdrawn until the subject is in a group
   * @throws SagaStarterFull when `waitingMax` subjects already wait
   */
  submit(subject: Subject): Ticket {
    const { waitingMax, type } = this.options;
    if (this.#line.length >= waitingMax)
      throw new SagaStarterFull(`${String(waitingMax)} subjects already wait for a saga`);
    let withdraw = (): boolean => false;
    const submitted = new Promise<Submission>((resolve, reject) => {
      const waiting = { id: type.subjectId(subject), subject, since: performance.now(), resolve, reject };
      withdraw = () => this.#line.remove(waiting);
      this.#line.add(waiting);
      this.#startGroups();
    });
    return { submitted, withdraw };
  }

  /** Call when this process's worker reports that a saga has ended or waits. Sagas that others started are ignored. */
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

  /** A group starts when none is under way, when it is full, or when its first subject has waited long enough. */
  #mayStart(): boolean {
    const { groupMax, groupsInFlight } = this.options;
    const { first } = this.#line;
    if (!first || this.#groupsUnderWay >= groupsInFlight) return false;
    if (this.#groupsUnderWay === 0 || this.#line.length >= groupMax) return true;
    return performance.now() - first.since >= this.#pace.alongsideAfterMs;
  }

  /** Starts a group. Resolves when its saga has ended or must give back its place. Never rejects. */
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
   * Waits until the saga has ended, and measures the time. The result of the saga does not matter here. A saga that
   * waits only for locked rows gives back its place too, because other groups would not wait for these rows.
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
      // The other saga with this id carries the first subject of this group, but maybe other subjects beside it.
      await Promise.all(group.map((waiting) => this.#carry([waiting])));
    }
  }
}

/** @returns undefined when the work takes longer */
async function unlessLate<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  try {
    return await withTimeout(work, ms, 'a group');
  } catch (error) {
    if (error instanceof TimedOut) return undefined;
    throw error;
  }
}
