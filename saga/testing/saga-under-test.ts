/** The description of a saga for the laws: its steps on real stores, and its paths. */
import type { Placement, StepRequest } from '../contract';
import type { SagaFunction, StepAnswer } from '../workflow';

/** What the stores of all services hold about one subject. Plain values, which the laws compare. */
export interface Traces {
  /** Current state. */
  readonly rows: Readonly<Record<string, unknown>>;
  /** The recorded changes, store by store, oldest first. */
  readonly transitions: readonly string[];
}

/** The activity of a step, for items of any type. A method's type, so that parameters are bivariant. */
export type StepActivity = {
  call(request: StepRequest<object>): Promise<readonly StepAnswer[]>;
}['call'];

/** Activities, each of which is a step. */
export type Steps<Activities> = { readonly [Name in keyof Activities]: StepActivity };

type ItemOf<Activity> = Activity extends (request: StepRequest<infer Item>) => unknown ? Item : never;

/** Other content for a step under the id of a known subject. */
export interface OtherContent<Item> {
  readonly with: Partial<Item>;
  /** The outcomes of which the step must return one; `conflict` by default. */
  readonly answers?: readonly string[];
}

/** The moment of a step at which an attempt fails. */
export type Moment = 'before its statement' | 'after its commit';

/** The failure that puts a saga on a path. */
interface PathFailure<Name> {
  readonly step: Name;
  readonly moment: Moment;
  /** `permanently` is for steps with a deadline. Other steps are parked then, which is no path of its own. */
  readonly how: 'permanently' | 'until its deadline' | 'until it is given up';
}

/** One path through a saga: what leads to it, its steps, and its end. */
export interface Path<Subject, Name, Settings> {
  /**
   * Creates a fresh subject, and the rows that put its saga on this path.
   *
   * @param sagaId workflow id of the saga that will carry it
   */
  readonly subject: (sagaId: string) => Promise<Subject>;
  readonly fails?: PathFailure<Name>;
  /** Replaces the settings of the saga. */
  readonly settings?: Settings;
  /** Activity names of its steps, in order. */
  readonly steps: readonly Name[];
  /** Fields that the outcome must have; absent when the saga ends with `SagaFailed`. */
  readonly outcome?: Readonly<Record<string, unknown>>;
  /** Rows and transitions at the end. */
  readonly ends: Traces;
  /**
   * Rows that must be there after Temporal's Cancel at any step. Absent: the same end as without the cancel.
   * `needs an operator`: a step is parked then, so the law does not apply.
   */
  readonly cancelled?: Traces['rows'] | 'needs an operator';
}

/** A saga, as `sagaLaws` needs it. */
export interface SagaUnderTest<Subject, Activities extends Steps<Activities>, Settings> {
  /** Workflow type. */
  readonly saga: string;
  /** The task queue of the saga first, then those of its steps. */
  readonly taskQueues: readonly [string, ...string[]];
  /** `colocated` by default. */
  readonly placement?: Placement;
  /** The workflow code: a built bundle, or the module to bundle. */
  readonly workflows: () => { readonly bundlePath: string } | { readonly workflowsPath: string };
  /** Called after the test file's own `beforeAll`. The namespace must have the search attribute `NeedsAttention`. */
  readonly temporal: () => { readonly address: string; readonly namespace: string };
  /** Exactly the steps of the saga. Called after the test file's own `beforeAll`. */
  readonly activities: () => Activities;
  readonly settings: Settings;
  /** The saga's function, when sagas of this type take the fast path. Then the laws of the fast path apply. */
  readonly run?: SagaFunction<Subject, unknown, Settings>;
  /** Id of a subject. */
  readonly id: (subject: Subject) => string;
  /** Reads what the stores hold about a subject. */
  readonly traces: (subject: Subject) => Promise<Traces>;
  /** The steps with a deadline. Each needs a path on which it fails permanently, for both moments. */
  readonly mayFail: readonly (keyof Activities & string)[];
  /** Other content for each step whose items hold more than an id. */
  readonly otherContent: {
    readonly [Name in keyof Activities & string]?: OtherContent<ItemOf<Activities[Name]>>;
  };
  /** The paths by name; the name says in words what leads to the path. */
  readonly paths: Readonly<Record<string, Path<Subject, keyof Activities & string, Settings>>>;
  /** 1 when a workflow carries only one subject. Then the laws of groups do not apply. */
  readonly mostSubjects?: 1;
  /** Makes the workflow id of a saga from a UUID; workflow type and UUID by default. */
  readonly workflowId?: (uuid: string) => string;
}

/** A {@link SagaUnderTest} without the types of its activities, which the laws do not use. */
export interface AnySaga<Subject, Settings> extends Omit<
  SagaUnderTest<Subject, Record<string, StepActivity>, Settings>,
  'otherContent'
> {
  readonly otherContent: Readonly<Record<string, OtherContent<object> | undefined>>;
}

export type AnyPath<Subject, Settings> = Path<Subject, string, Settings>;
