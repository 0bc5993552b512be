/** What workflow code imports of the engine: README.md says how to write a saga with it. */
export { defineSaga } from './define-saga';
export type { Saga, SagaDefinition } from './definition';
export { sagaFailure } from './failures';
export type { SagaSinks } from './sinks';
export { type Busy, defineService, defineStep, type Settled } from './step';
