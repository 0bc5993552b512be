/** The engine's API for workflow code. README.md shows how to write a saga with it. */
export { defineSaga } from './define-saga';
export type { Saga, SagaDefinition, SagaFunction } from './definition';
export { sagaFailure } from './failures';
export type { SagaSinks } from './sinks';
export { type Busy, defineService, defineStep, type Settled, type Step, type StepAnswer } from './step';
