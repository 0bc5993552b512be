/** What a saga's code has asked Temporal for, and how it is told what came of that. */
import { type Answer, Divergence, type Input } from './history';
import type { ChildRequested, StepRequested, StepResults } from './workflow-host';

interface Pending extends StepRequested {
  readonly settle: (answer: Answer) => void;
}

interface PendingChild extends ChildRequested {
  /** @param refusal why Temporal has not started it */
  readonly settle: (refusal: Error | undefined) => void;
}

interface Timer {
  /** Milliseconds of the epoch. */
  readonly due: number;
  readonly fire: () => void;
}

type Settling = Extract<Input, { readonly seq: number }>;

export class Commands {
  /** Asked for, and not answered. */
  readonly steps = new Map<number, Pending>();
  readonly timers = new Map<number, Timer>();
  /** Asked for, and neither started nor refused. */
  readonly children = new Map<number, PendingChild>();
  now = 0;
  #seq = 0;

  ask(step: StepRequested): Promise<StepResults> {
    const seq = this.nextSeq();
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer) => {
        if ('results' in answer) resolve(answer.results);
        else reject(answer.failure);
      };
      this.steps.set(seq, { settle, ...step });
    });
  }

  startChild(child: ChildRequested): Promise<void> {
    const seq = this.nextSeq();
    return new Promise((resolve, reject) => {
      const settle = (refusal: Error | undefined) => {
        if (refusal) reject(refusal);
        else resolve();
      };
      this.children.set(seq, { settle, ...child });
    });
  }

  sleep(ms: number): Promise<void> {
    const seq = this.nextSeq();
    return new Promise((resolve) => {
      this.timers.set(seq, { due: this.now + ms, fire: resolve });
    });
  }

  protected nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** @throws Divergence when the code does not wait for it */
  protected settle(outcome: Settling): void {
    switch (outcome.kind) {
      case 'timer': {
        const timer = this.timers.get(outcome.seq);
        if (!timer) throw new Divergence(`timer ${String(outcome.seq)} is not waited for`);
        this.timers.delete(outcome.seq);
        timer.fire();
        return;
      }
      case 'child': {
        const { seq, workflowId, refusal } = outcome;
        const child = this.children.get(seq);
        if (child?.workflowId !== workflowId) throw diverged(workflowId, child?.workflowId);
        this.children.delete(seq);
        child.settle(refusal);
        return;
      }
      case 'step': {
        const { seq, name, answer } = outcome;
        const step = this.steps.get(seq);
        if (step?.name !== name) throw diverged(name, step?.name);
        this.steps.delete(seq);
        step.settle(answer);
      }
    }
  }
}

function diverged(recorded: string, now = 'something else'): Divergence {
  return new Divergence(`recorded: ${recorded}; now: ${now}`);
}
