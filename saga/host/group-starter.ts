/**
 * Group commit of sagas: while a group is under way, the subjects that arrive form the next one. Alone, a subject starts
 * at once and is its own group; under load a group carries up to `groupMax` subjects for the price of one workflow, and
 * full groups go alongside each other.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { closedOnServer, SagaEnds } from './saga-ends';
import { type SagaSettings, type SagaType, type StartedSaga, startOptions, startSaga } from './start-options';
import { SagaStarterFull, SagaStartFailed, type Submission, type Ticket } from './submission';
import { type Waiting, WaitingLine } from './waiting-line';
import { TimedOut, withTimeout } from './with-timeout';

/**
 * 1 s: a group that waits for something (an absent service, a locked row) gives its place to the next one after this, so
 * that it blocks nobody. A group that does not wait is done in a fraction of it.
 */
const PLACE_MS = 1_000;

/**
 * 250 ms: a group is done in a fraction of it, so that waiting for it and going together is cheaper than going
 * alongside. One that takes longer waits for something.
 */
const ALONGSIDE_AFTER_MS = 250;

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

  /** The worker of this process reports that a saga, of whatever start, has ended. */
  sagaEnded(sagaId: string): void {
    this.#ends.publish(sagaId);
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
    const { first } = this.#line;
    if (!first || this.#lookAgain || this.#groupsUnderWay >= groupsInFlight) return;
    const left = first.since + ALONGSIDE_AFTER_MS - performance.now();
    this.#lookAgain = setTimeout(
      () => {
        this.#lookAgain = undefined;
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
    return performance.now() - first.since >= ALONGSIDE_AFTER_MS;
  }

  /** Resolves when the group's saga has ended, or has had its place for long enough. Never rejects. */
  async #carry(group: readonly Waiting<Subject>[]): Promise<void> {
    const { client, type, input, eagerStart } = this.options;
    const options = startOptions(type, { ...input, subjects: group.map(({ subject }) => subject) });
    const end = this.#ends.expect(options.workflowId);
    try {
      const saga = await startSaga(client, type, options, eagerStart);
      for (const { resolve } of group) resolve('started');
      this.#report(saga, group);
      await this.#hasPlace(saga, end.ended);
    } catch (error) {
      await this.#notStarted(group, error);
    } finally {
      end.forget();
    }
  }

  #report(
    { workflowId: sagaId, eagerlyStarted: eager }: StartedSaga,
    group: readonly Waiting<Subject>[],
  ): void {
    this.options.onStarted?.({ sagaId, subjectIds: group.map(({ id }) => id), eager });
  }

  /** How a saga ends is its subjects' matter; here it only counts that it has. */
  async #hasPlace(saga: StartedSaga, ended: Promise<void>): Promise<void> {
    const over = saga.eagerlyStarted
      ? ended
      : Promise.race([ended, closedOnServer(this.options.client, saga)]);
    await withTimeout(over, PLACE_MS, `end of ${saga.workflowId}`).catch((error: unknown) => {
      if (!(error instanceof TimedOut)) throw error;
    });
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
