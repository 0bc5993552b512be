/** The branches of the sagas and their engine that no recorded history can take. */

/** Blocks that leave no command in a history, or that only a bug of the workflow code itself can take. */
export const WITHOUT_HISTORY: readonly string[] = [
  // A bug of the workflow code, or of a step: the saga's task fails, and waits for fixed code.
  'saga/workflow/attempts.ts, run: throw new TypeError(`there is no activity ${activity}`);',
  'saga/workflow/failures.ts, readFailure: throw failure;',
  'saga/workflow/saga-result.ts, resultOf: throw new TypeError(`${id} has not ended`);',
  'saga/workflow/saga-run.ts, fail: fail(bug: unknown): void {',
  'saga/workflow/saga-run.ts: (bug: unknown) => {',
  "saga/workflow/step-attempt.ts, take: return refuse(ask, 'the step gave no answer');",
  'saga/workflow/step-queue.ts, #bug: (bug: unknown): void => {',
  'saga/workflow/step-phase.ts, to: throw new Error(`${this.words}: it cannot become ${phase} while it is ${this.#phase}`);',
  'saga/workflow/step.ts, idOf: throw new TypeError(`an item or an answer of a step has no "${key}"`);',
  'saga/workflow/subject-run.ts, #failureOf: throw again;',
  'saga/workflow/subject-run.ts, #failureOf: throw failure;',
  'saga/workflow/subject-run.ts, step: throw new TypeError(`${step.activity} has a deadline after the pivot`);',
  // The types demand these; nothing can take them.
  'saga/workflow/failures.ts, readFailure: ?? failure) : failure;',
  'saga/workflow/wait.ts, watch: ?? now()) + this.saga.parkAfterMs - now();',
  // Only the words of a failure.
  "saga/workflow/failures.ts, readFailure: : 'permanent', reason: cause.message };",
  'saga/workflow/failures.ts, readFailure: ? cause.cause.message : cause.message;',
  // Only an argument of an activity, which a replay does not compare.
  "saga/workflow/attempts.ts, retriedByServer: ?? {})] : ['busy'];",
  // A compensation fails by itself only by a bug of its saga: test/workflow/failed-undo.test.ts replays such a saga.
  'saga/workflow/failed-undos.ts, get parked: && { step: WORDS, ...first, subjects: [...this.#failed.keys()] };',
  'saga/workflow/failed-undos.ts, giveUp: if (isMeant(subject)) end(decide(WORDS));',
  'saga/workflow/failed-undos.ts, park: async park(subject: string, reason: string): Promise<void> {',
  'saga/workflow/failed-undos.ts, retry: end();',
  'saga/workflow/saga-run.ts, parkUndo: parkUndo(subject: string, reason: string): Promise<void> {',
  // A signal without an argument says nothing, and asks for nothing.
  'saga/workflow/parked.ts: ?? {});',
  // What they leave out is asked for by the run that follows, or once instead of twice.
  'saga/workflow/step-queue.ts, #first: return;',
  'saga/workflow/wait.ts, failed: return;',
  // An SDK with another promise hook, and a query: neither leaves a command (test/workflow/stack-traces.test.ts).
  'saga/workflow/stack-traces.ts, value: ?? compile(code),',
  'saga/workflow/stack-trace-query.ts, handler: () => ANSWER,',
  // What V8 counts when a step has thrown, though the block runs.
  'saga/workflow/subject-run.ts, step: finally {',
];
