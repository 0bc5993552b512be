/**
 * Group commit of sagas: subjects that arrive while a group is under way form the next group. A subject that arrives alone
 * is its own group and starts at once. Under load, a group carries up to `groupMax` subjects for the price of one
 * workflow, and full groups start beside each other.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { FastPath } from './fast-path';
import { GroupPace } from './group-pace';
import { closedOnServer, type ExpectedProgress, SagaEnds, type SagaProgress } from './saga-ends';
import { SlowLanes } from './slow-lanes';
import { type SagaSettings, type SagaType, type StartedSaga, startOptions, startSaga } from './start-options';
import { SagaStarterFull, SagaStartFailed, type Submission, type Ticket } from './submission';
import { type Waiting, WaitingLine } from './waiting-line';
import { unlessLate } from './with-timeout';

/** 1 s: few groups for subjects that have to wait anyway, and a start that no caller gives up. */
const SLOW_GROUP_EVERY_MS = 1_000;

/**
 * 2: the workflow of a subject that took the fast path ends a few milliseconds after the subject. When more of them are still
 * to end, subjects arrive so fast that groups cost less.
 */
const ENDING_MAX = 2;

/** 5: each costs as much as a group. Further ones join the next group. */
const BESIDE_MAX = 5;

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
  /** For subjects that start alone. Used only when this process's worker got the saga with the reply. */
  readonly fastPath?: FastPath<Subject, Settings> | undefined;
  /** Called after each start. `eager`: this process's worker got the first workflow task with the reply. */
  readonly onStarted?: (start: { sagaId: string; subjectIds: readonly string[]; eager: boolean }) => void;
}

interface SubmitOptions {
  readonly isAwaited?: boolean;
  readonly startsBeside?: boolean;
}

interface Started {
  readonly saga: StartedSaga;
  readonly progress: ExpectedProgress;
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
  /** Subjects of slow lanes. Their groups need no place. */
  readonly #slowLine = new WaitingLine<Subject>();
  readonly #slowLanes = new SlowLanes();
  readonly #ends = new SagaEnds();
  readonly #pace = new GroupPace();
  #groupsUnderWay = 0;
  /** Sagas that the fast path has brought to their end, and whose workflows have not ended. */
  #ending = 0;
  /** Subjects under way that started beside the groups. */
  #beside = 0;
  #lookAgain: NodeJS.Timeout | undefined;
  #nextSlowGroup: NodeJS.Timeout | undefined;

  constructor(private readonly options: GroupStarterOptions<Subject, Settings>) {}

  get limits(): Pick<GroupStarterOptions<Subject, Settings>, 'groupMax' | 'groupsInFlight' | 'waitingMax'> {
    return this.options;
  }

  get groupsUnderWay(): number {
    return this.#groupsUnderWay;
  }

  /** Number of subjects that wait for the next group. */
  get waiting(): number {
    return this.#line.length + this.#slowLine.length;
  }

  /**
   * Submits a subject for the next group.
   *
   * @param options.isAwaited whether a caller waits for the subject's outcome. Only then may it take the fast path
   * @param options.startsBeside whether it may start at once beside the groups under way, for a caller that should not wait for
   *   those of another; a few do
   * @returns a ticket that reports the start, and can be withdrawn until the subject is in a group
   * @throws SagaStarterFull when `waitingMax` subjects already wait
   */
  submit(subject: Subject, { isAwaited = false, startsBeside = false }: SubmitOptions = {}): Ticket {
    const { waitingMax, type } = this.options;
    if (this.waiting >= waitingMax)
      throw new SagaStarterFull(`${String(waitingMax)} subjects already wait for a saga`);
    let withdraw = (): boolean => false;
    const lane = type.lane?.(subject);
    const isSlow = lane !== undefined && this.#slowLanes.isSlow(lane);
    const line = isSlow ? this.#slowLine : this.#line;
    const submitted = new Promise<Submission>((resolve, reject) => {
      const id = type.subjectId(subject);
      const waiting = { id, subject, isAwaited, since: performance.now(), resolve, reject };
      if (startsBeside && isAwaited && !isSlow && this.#groupsUnderWay > 0 && this.#beside < BESIDE_MAX) {
        this.#startBeside(waiting);
        return;
      }
      withdraw = () => line.remove(waiting);
      line.add(waiting);
      if (isSlow) this.#startSlowGroups();
      else this.#startGroups();
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

  #startBeside(waiting: Waiting<Subject>): void {
    this.#beside += 1;
    void this.#carry([waiting], true).finally(() => {
      this.#beside -= 1;
    });
  }

  /** A slow group starts each second, or when it is full. Nobody waits for its end. */
  #startSlowGroups(): void {
    const { groupMax } = this.options;
    while (this.#slowLine.length >= groupMax) void this.#start(this.#slowLine.takeGroup(groupMax));
    if (!this.#slowLine.first || this.#nextSlowGroup) return;
    this.#nextSlowGroup = setTimeout(() => {
      this.#nextSlowGroup = undefined;
      if (this.#slowLine.first) void this.#start(this.#slowLine.takeGroup(groupMax));
      this.#startSlowGroups();
    }, SLOW_GROUP_EVERY_MS);
  }

  /** Starts a group. Resolves when its saga has ended or must give back its place. Never rejects. */
  async #carry(group: readonly Waiting<Subject>[], isBeside = false): Promise<void> {
    const began = performance.now();
    const [only, ...others] = group;
    const isFirst = this.#groupsUnderWay === 1 && this.#ending < ENDING_MAX;
    const isAlone = others.length === 0 && (isFirst || isBeside);
    const started = await this.#start(group);
    if (!started) return;
    const ended = unlessLate(this.#watch(started, began), this.#pace.placeMs);
    if (isAlone && only?.isAwaited && (await this.#fastPath(started, only))) this.#letEnd(ended);
    else await ended;
  }

  /** @returns whether the subject has come to its end, so that its workflow has nothing to do but to end, too */
  async #fastPath({ saga }: Started, { subject }: Waiting<Subject>): Promise<boolean> {
    const { fastPath } = this.options;
    return fastPath !== undefined && saga.eagerlyStarted && fastPath.run(saga.workflowId, subject);
  }

  #letEnd(ended: Promise<unknown>): void {
    this.#ending += 1;
    void ended.finally(() => {
      this.#ending -= 1;
    });
  }

  /** Starts the saga of a group, and reports to its subjects. Never rejects. */
  async #start(group: readonly Waiting<Subject>[]): Promise<Started | undefined> {
    const { client, type, input, eagerStart } = this.options;
    const options = startOptions(type, { ...input, subjects: group.map(({ subject }) => subject) });
    const progress = this.#ends.expect(options.workflowId);
    let saga: StartedSaga;
    try {
      saga = await startSaga(client, type, options, eagerStart);
    } catch (error) {
      progress.forget();
      await this.#notStarted(group, error);
      return undefined;
    }
    for (const { resolve } of group) resolve('started');
    this.#report(saga, group);
    void this.#slowLanes.follow(this.#lanesOf(group), progress);
    return { saga, progress };
  }

  #lanesOf(group: readonly Waiting<Subject>[]): ReadonlyMap<string, string> {
    const { lane } = this.options.type;
    return new Map(lane ? group.map(({ id, subject }) => [id, lane(subject)]) : []);
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
  async #watch({ saga, progress }: Started, began: number): Promise<void> {
    const ended = saga.eagerlyStarted
      ? progress.ended
      : Promise.race([progress.ended, closedOnServer(this.options.client, saga)]);
    const first = Promise.race([ended.then(() => 'ended'), progress.waits]);
    if ((await unlessLate(first, this.#pace.watchMs)) === 'ended')
      this.#pace.ended(performance.now() - began);
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
