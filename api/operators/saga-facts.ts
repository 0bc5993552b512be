/** What a saga's history says, decoded: the form between Temporal's events and the entries of a timeline. */
import { z } from 'zod';

const journalSchema = z.array(z.object({ activity: z.string(), answer: z.unknown().optional() }));

export const parkedStepsSchema = z
  .array(
    z.object({
      step: z.string(),
      reason: z.string(),
      since: z.string(),
      subjects: z.array(z.string()),
    }),
  )
  .nullish()
  .transform((steps) => steps ?? []);

const subjectSchema = z.object({
  orderId: z.string(),
  customerId: z.string(),
  totalMinor: z.number(),
  currency: z.string(),
  cancellationKey: z.string().optional(),
});

/** The part of a saga's input that is used here; another version of the saga may add to it. */
export const inputSchema = z.object({
  subjects: z.array(subjectSchema),
  settings: z.object({ creditCheckTimeoutMs: z.number().optional() }).optional(),
  carried: z
    .object({
      subjects: z.record(z.string(), z.object({ journal: journalSchema })),
      parked: parkedStepsSchema,
      cancelRequested: z.boolean(),
    })
    .optional(),
});

export const answersSchema = z.array(z.looseObject({ orderId: z.string(), outcome: z.string() }));
export const itemsSchema = z.object({ items: z.array(z.object({ orderId: z.string() })) });
export const resultSchema = z.object({ outcomes: z.array(z.looseObject({ orderId: z.string() })) });
export const decisionSchema = z.object({
  by: z.string().optional(),
  reason: z.string().optional(),
  subject: z.string().optional(),
});

type SagaInputFacts = z.infer<typeof inputSchema>;
type Answer = z.infer<typeof answersSchema>[number];
export type ParkedFacts = z.infer<typeof parkedStepsSchema>;

interface At {
  /** Epoch milliseconds, with a fraction. */
  readonly at: number;
  /** Increases over the runs of the saga, in the order of its history. */
  readonly seq: number;
}

/** One attempt in the saga's process, or all attempts of an activity on a task queue. */
export interface AttemptFact extends At {
  readonly kind: 'attempt';
  /** `seq` of its end. */
  readonly endSeq?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly activity: string;
  /** The step in words. */
  readonly words: string;
  readonly where: 'saga process' | 'task queue';
  /** On a task queue: number of the last attempt. */
  readonly attempt: number;
  readonly worker?: string | undefined;
  /** Ids of its orders; undefined when the history does not record them: of an attempt in the saga's process. */
  readonly items?: readonly string[] | undefined;
  readonly answers?: readonly Answer[] | undefined;
  /** Of the last attempt. */
  readonly failure?: string | undefined;
  readonly nextAttemptAt?: number | undefined;
}

/** `pause`: before the next attempt. `deadline`: of a step. `parking`: until the step is parked. */
export type TimerPurpose = 'pause' | 'deadline' | 'parking';

export interface TimerFact extends At {
  readonly kind: 'timer';
  readonly purpose: TimerPurpose;
  readonly words: string;
  readonly until: number;
  /** Whether it has neither fired nor been cancelled, in the last run. */
  readonly isRunning: boolean;
}

export type SagaFact =
  | (At & { readonly kind: 'started'; readonly input: SagaInputFacts; readonly isFirst: boolean })
  | AttemptFact
  | TimerFact
  | (At & { readonly kind: 'fired'; readonly purpose: TimerPurpose; readonly words: string })
  | (At & {
      readonly kind: 'task';
      readonly how: 'failed' | 'timed-out';
      readonly reason: string;
      readonly worker?: string | undefined;
    })
  | (At & { readonly kind: 'signal'; readonly signal: string } & z.infer<typeof decisionSchema>)
  | (At & { readonly kind: 'cancel-requested'; readonly by: string; readonly reason: string })
  | (At & { readonly kind: 'parked'; readonly steps: ParkedFacts })
  | (At & { readonly kind: 'continued' })
  | (At & {
      readonly kind: 'ended';
      readonly status: string;
      readonly outcomes?: readonly Readonly<Record<string, unknown>>[] | undefined;
      readonly failure?: string | undefined;
    });
