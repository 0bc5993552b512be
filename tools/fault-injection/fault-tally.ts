/** Counts tried and landed faults; selects the fault tried or landed least. */
import type { FaultPoint, Hit, StepFault } from './fault-points';
import type { Random } from './random';
import type { Step } from './step-recognition';
import type { Moment } from './breakpoint';

interface Tally {
  tried: number;
  hit: number;
}

export class FaultTally {
  readonly #points = new Map<string, Tally>();
  /** Faults of servers, lines and processes, by name. */
  readonly others = new Map<string, Readonly<Tally>>();
  /** Processes stopped in a step, and how many resumed after others had done their work. */
  stopped = 0;
  overtaken = 0;
  /** Which faults struck a process in a step, by its name. */
  readonly #struck = new Map<string, Set<StepFault>>();

  note(point: FaultPoint, hit: Hit | undefined): void {
    count(this.#points, keyOf(point), hit !== undefined);
    if (!hit) return;
    const { process } = hit;
    this.#struck.set(process, (this.#struck.get(process) ?? new Set()).add(point.fault));
    if (point.fault !== 'process stopped') return;
    this.stopped += 1;
    if (hit.overtaken) this.overtaken += 1;
  }

  noteOther(name: string, hit: boolean): void {
    count(this.others, name, hit);
  }

  get tried(): number {
    return this.#sum('tried');
  }

  get hit(): number {
    return this.#sum('hit');
  }

  times(point: FaultPoint): number {
    return this.#points.get(keyOf(point))?.hit ?? 0;
  }

  struck(process: string, fault: StepFault): boolean {
    return this.#struck.get(process)?.has(fault) ?? false;
  }

  timesAt(points: readonly FaultPoint[], step: Step, moment: Moment): number {
    return points
      .filter((point) => point.step === step && point.moment === moment)
      .reduce((sum, point) => sum + this.times(point), 0);
  }

  /** The fault that landed least, at the step and moment tried least. */
  nextPoint(points: readonly FaultPoint[], random: Random): FaultPoint | undefined {
    const tried = (some: readonly FaultPoint[]) =>
      some.reduce((sum, point) => sum + (this.#points.get(keyOf(point))?.tried ?? 0), 0);
    const places = new Map<string, FaultPoint[]>();
    for (const point of points) {
      const place = [point.step, point.moment].join();
      places.set(place, [...(places.get(place) ?? []), point]);
    }
    const place = least([...places.values()], tried, random) ?? [];
    return least(place, (point) => this.times(point), random);
  }

  nextOther(names: readonly string[], random: Random): string | undefined {
    return least(names, (name) => this.others.get(name)?.tried ?? 0, random);
  }

  #sum(what: keyof Tally): number {
    return [...this.#points.values(), ...this.others.values()].reduce((sum, tally) => sum + tally[what], 0);
  }
}

function keyOf({ step, moment, fault }: FaultPoint): string {
  return [step, moment, fault].join();
}

function count(tallies: Map<string, Readonly<Tally>>, key: string, hit: boolean): void {
  const { tried, hit: before } = tallies.get(key) ?? { tried: 0, hit: 0 };
  tallies.set(key, { tried: tried + 1, hit: before + (hit ? 1 : 0) });
}

function least<T>(all: readonly T[], weight: (each: T) => number, random: Random): T | undefined {
  const lowest = Math.min(...all.map(weight));
  const candidates = all.filter((each) => weight(each) === lowest);
  return candidates[random.below(candidates.length)];
}
