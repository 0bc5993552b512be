/** Decodes the histories of a saga's runs into facts. */
import { PARKED_MEMO } from '../../saga/contract';
import { activityFact, type ActivityEvents } from './activity-facts';
import { endFact } from './end-facts';
import { msOf, wordsOf } from './history-time';
import { LocalAttempts } from './local-attempts';
import type { PayloadReader } from './payload-reader';
import {
  answersSchema,
  decisionSchema,
  inputSchema,
  parkedStepsSchema,
  type SagaFact,
  type TimerPurpose,
} from './saga-facts';
import type { HistoryEvent, SagaRuns } from './saga-runs';

/** More than the events of a run: orders the facts of all runs. */
const RUN = 1_000_000;

/** The summaries of the engine's timers, before the words of the step. */
const PURPOSES: readonly (readonly [string, TimerPurpose])[] = [
  ['before the next attempt: ', 'pause'],
  ['until the deadline: ', 'deadline'],
  ['until it is parked: ', 'parking'],
];

/** @returns the facts, in the order of the history */
export async function readFacts(saga: SagaRuns, reader: PayloadReader): Promise<SagaFact[]> {
  const facts: SagaFact[] = [];
  for (const [index, events] of saga.runs.entries()) {
    const isLast = index === saga.runs.length - 1;
    facts.push(...(await new RunReader(events, reader, index * RUN, isLast ? saga.pending : []).read()));
  }
  return facts;
}

class RunReader {
  readonly #local = new LocalAttempts();
  readonly #byId: ReadonlyMap<string, HistoryEvent>;
  readonly #activities: ActivityEvents;
  readonly #endedTimers: ReadonlySet<string>;

  constructor(
    private readonly events: readonly HistoryEvent[],
    private readonly reader: PayloadReader,
    private readonly base: number,
    pending: SagaRuns['pending'],
  ) {
    this.#byId = new Map(events.map((event) => [String(event.eventId), event]));
    this.#activities = { started: new Map(), ended: new Map(), pending: new Map() };
    const timers = new Set<string>();
    for (const event of events) {
      const started = event.activityTaskStartedEventAttributes;
      if (started) this.#activities.started.set(String(started.scheduledEventId), event);
      const ended =
        event.activityTaskCompletedEventAttributes ??
        event.activityTaskFailedEventAttributes ??
        event.activityTaskTimedOutEventAttributes ??
        event.activityTaskCanceledEventAttributes;
      if (ended) this.#activities.ended.set(String(ended.scheduledEventId), event);
      const timer = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes;
      if (timer) timers.add(String(timer.startedEventId));
    }
    for (const activity of pending) this.#activities.pending.set(String(activity.activityId), activity);
    this.#endedTimers = timers;
  }

  async read(): Promise<SagaFact[]> {
    const facts: SagaFact[] = [];
    for (const event of this.events) {
      const fact = await this.#factOf(event);
      if (fact) facts.push(fact);
    }
    return facts;
  }

  async #factOf(event: HistoryEvent): Promise<SagaFact | undefined> {
    const at = msOf(event.eventTime);
    const when = { at, seq: this.base + Number(event.eventId) };
    if (event.workflowTaskStartedEventAttributes) this.#local.taskStarted(at);
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) {
      const input = inputSchema.parse(await this.reader.first(started.input));
      return { ...when, kind: 'started', input, isFirst: !started.continuedExecutionRunId };
    }
    if (event.markerRecordedEventAttributes) return this.#localAttempt(event, when);
    if (event.activityTaskScheduledEventAttributes)
      return activityFact(event, { ...when, base: this.base }, this.#activities, this.reader);
    if (event.timerStartedEventAttributes ?? event.timerFiredEventAttributes) return this.#timer(event, when);
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed) {
      const reason = (await this.reader.failure(failed.failure)) ?? 'the workflow task failed';
      return { ...when, kind: 'task', how: 'failed', reason, worker: failed.identity ?? undefined };
    }
    const late = event.workflowTaskTimedOutEventAttributes;
    if (late) return this.#lateTask(String(late.startedEventId), when);
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal) {
      const decision = decisionSchema.safeParse(await this.reader.first(signal.input)).data;
      return { ...when, kind: 'signal', signal: signal.signalName ?? '', ...decision };
    }
    const cancel = event.workflowExecutionCancelRequestedEventAttributes;
    if (cancel)
      return {
        ...when,
        ...{ kind: 'cancel-requested', by: cancel.identity ?? '', reason: cancel.cause ?? '' },
      };
    const memo = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.[PARKED_MEMO];
    if (memo) return { ...when, kind: 'parked', steps: parkedStepsSchema.parse(await this.reader.one(memo)) };
    if (event.workflowExecutionContinuedAsNewEventAttributes) return { ...when, kind: 'continued' };
    return endFact(event, when, this.reader);
  }

  async #localAttempt(event: HistoryEvent, { at, seq }: Place): Promise<SagaFact | undefined> {
    const attempt = this.#local.read(event, at);
    if (!attempt) return undefined;
    const { details, failure, workflowTaskCompletedEventId } = event.markerRecordedEventAttributes ?? {};
    const task = this.#byId.get(String(workflowTaskCompletedEventId))?.workflowTaskCompletedEventAttributes;
    return {
      ...{ kind: 'attempt', at: attempt.startedAt, seq, endedAt: attempt.endedAt, endSeq: seq },
      ...{ activity: attempt.activity, words: wordsOf(await this.reader.summary(event)), attempt: 1 },
      ...{ where: 'saga process', worker: task?.identity ?? undefined },
      failure: await this.reader.failure(failure),
      answers: answersSchema.safeParse(await this.reader.first(details?.['result'])).data,
    };
  }

  async #timer(event: HistoryEvent, when: Place): Promise<SagaFact | undefined> {
    const fired = event.timerFiredEventAttributes;
    const started = fired ? this.#byId.get(String(fired.startedEventId)) : event;
    if (!started) return undefined;
    const summary = await this.reader.summary(started);
    const [prefix, purpose] = PURPOSES.find(([text]) => summary.startsWith(text)) ?? [];
    if (prefix === undefined || purpose === undefined) return undefined;
    const words = summary.slice(prefix.length);
    if (fired) return { ...when, kind: 'fired', purpose, words };
    const until = when.at + msOf(started.timerStartedEventAttributes?.startToFireTimeout);
    const isRunning = !this.#endedTimers.has(String(started.eventId));
    return { ...when, kind: 'timer', purpose, words, until, isRunning };
  }

  #lateTask(startedEventId: string, when: Place): SagaFact {
    const started = this.#byId.get(startedEventId)?.workflowTaskStartedEventAttributes;
    const worker = started?.identity ?? undefined;
    const reason = started
      ? 'the worker did not complete the workflow task in time: it was killed, or is overloaded'
      : 'the worker that had the saga did not take the workflow task in time';
    return { ...when, kind: 'task', how: 'timed-out', reason, worker };
  }
}

interface Place {
  readonly at: number;
  readonly seq: number;
}
