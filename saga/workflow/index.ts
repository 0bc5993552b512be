/** What workflow code imports of the engine: README.md says how to write a saga with it. */
export { defineSaga, type Saga, type SagaDefinition } from './define-saga';
export { sagaFailure } from './failures';
export type { SagaSinks } from './sinks';
export { type Busy, defineService, defineStep, type Settled } from './step';
