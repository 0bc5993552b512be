/** What the laws have to know of a saga: its steps on real stores, and the paths that it can take. */
import type { Placement, StepRequest } from '../contract';
import type { StepAnswer } from '../workflow/step';

/** What the stores of all services know of one subject. Plain values, which the laws compare. */
export interface Traces {
  /** As they are now. */
  readonly rows: Readonly<Record<string, unknown>>;
  /** What has been recorded of each change, by store and oldest first. */
  readonly transitions: readonly string[];
}

/** A step's activity, whatever its item is: of a method's type, because the items come from the saga's own code. */
export type StepActivity = {
  call(request: StepRequest<object>): Promise<readonly StepAnswer[]>;
}['call'];

/** Activities of which each is a step. */
export type Steps<Activities> = { readonly [Name in keyof Activities]: StepActivity };

type ItemOf<Activity> = Activity extends (request: StepRequest<infer Item>) => unknown ? Item : never;

/** What another subject under the same id would ask of a step. */
export interface OtherContent<Item> {
  readonly with: Partial<Item>;
  /** Outcomes of which it must be answered one; `conflict` unless they are given. */
  readonly answers?: readonly string[];
}

/** Where in a step an attempt fails. */
export type Moment = 'before its statement' | 'after its commit';

/** The failure that leads a saga along a path. */
interface PathFailure<Name> {
  readonly step: Name;
  readonly moment: Moment;
  /** `permanently` is for steps with a deadline: others are parked, and there is no path that comes of it. */
  readonly how: 'permanently' | 'until its deadline' | 'until it is given up';
}

/** One way through a saga: what leads there, and what it comes to. */
export interface Path<Subject, Name, Settings> {
  /**
   * Makes a fresh subject, and the rows that lead its saga along this path.
   *
   * @param sagaId workflow id of the saga that will carry it
   */
  readonly subject: (sagaId: string) => Promise<Subject>;
  readonly fails?: PathFailure<Name>;
  /** In place of the saga's. */
  readonly settings?: Settings;
  /** The steps that it takes, in order. */
  readonly steps: readonly Name[];
  /** Part of the subject's outcome; absent when the saga fails with `SagaFailed` at the end. */
  readonly outcome?: Readonly<Record<string, unknown>>;
  readonly ends: Traces;
  /** Part of the rows after Temporal's Cancel at any step, unless a step is parked then. Absent: as without it. */
  readonly cancelled?: Traces['rows'] | 'needs an operator';
}

export interface SagaUnderTest<Subject, Activities extends Steps<Activities>, Settings> {
  /** Workflow type. */
  readonly saga: string;
  /** The saga's own first, then those of its steps. */
  readonly taskQueues: readonly [string, ...string[]];
  /** `colocated` unless it is given. */
  readonly placement?: Placement;
  /** Of the workflow code: a built bundle, or the module to build one of. */
  readonly workflows: () => { readonly bundlePath: string } | { readonly workflowsPath: string };
  /** Called after the test file's own `beforeAll`. The namespace must know the search attribute `NeedsAttention`. */
  readonly temporal: () => { readonly address: string; readonly namespace: string };
  /** Exactly the steps that the saga can ask for. Called after the test file's own `beforeAll`. */
  readonly activities: () => Activities;
  readonly settings: Settings;
  readonly id: (subject: Subject) => string;
  readonly traces: (subject: Subject) => Promise<Traces>;
  /** Steps with a deadline: each must have a path on which it fails permanently, at both moments. */
  readonly mayFail: readonly (keyof Activities & string)[];
  /** Of each step whose items say more than an id. */
  readonly otherContent: {
    readonly [Name in keyof Activities & string]?: OtherContent<ItemOf<Activities[Name]>>;
  };
  /** By what leads there, in words. */
  readonly paths: Readonly<Record<string, Path<Subject, keyof Activities & string, Settings>>>;
  /** 1 when a workflow carries only one; there are no laws of groups then. */
  readonly mostSubjects?: 1;
  /** Workflow id of a saga, made of a UUID; of the type and the UUID unless it is given. */
  readonly workflowId?: (uuid: string) => string;
}

/** What the laws themselves read of it: the activities' own types are the declaration's concern. */
export interface AnySaga<Subject, Settings> extends Omit<
  SagaUnderTest<Subject, Record<string, StepActivity>, Settings>,
  'otherContent'
> {
  readonly otherContent: Readonly<Record<string, OtherContent<object> | undefined>>;
}

export type AnyPath<Subject, Settings> = Path<Subject, string, Settings>;
