/** The target ratios, each of two measures. */
import type { Measured } from './measure';

interface TargetRatio extends Bounds {
  readonly what: string;
  readonly of: readonly [string, keyof Measured];
  readonly to: readonly [string, keyof Measured];
}

export interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

type Compared = Pick<TargetRatio, 'of' | 'to'>;
const rates = (of: string, to: string): Compared => ({ of: [of, 'rate'], to: [to, 'rate'] });
const medians = (of: string, to: string): Compared => ({ of: [of, 'p50'], to: [to, 'p50'] });

/** Each compares two measures of one run, so that the machine's speed and noise affect both. */
export const TARGET_RATIOS: readonly TargetRatio[] = [
  { what: '40 in flight, rate', ...rates('colocated, 40', 'empty workflow, 40'), least: 4 },
  { what: '200 in flight, rate', ...rates('colocated, 200', 'colocated, 40'), least: 1 },
  {
    what: 'twice as many as are taken, rate',
    ...rates('colocated, 400 where 200 are taken', 'colocated, 200'),
    least: 0.9,
  },
  { what: 'one at a time, p50', ...medians('colocated, 1', 'empty workflow, 1'), most: 2 },
  {
    what: 'one hot customer, rate',
    ...rates('hot customer, 40', 'colocated, 40'),
    least: 0.9,
  },
  {
    what: 'groups off, rate',
    ...rates('groups off, 40', 'empty workflow, 40'),
    least: 0.5,
  },
  {
    what: 'distributed, rate',
    ...rates('distributed, 40', 'empty workflow, 40'),
    least: 3,
  },
  {
    what: 'distributed alone, p50',
    ...medians('distributed, 1', 'empty workflow, 1'),
    most: 4,
  },
  {
    what: 'backlog after an outage, rate to 40 in flight',
    ...rates('backlog after an outage', 'colocated, 40'),
    least: 0.8,
  },
  {
    what: 'backlog after a hang, rate to 40 in flight',
    ...rates('backlog after a hang', 'colocated, 40'),
    least: 0.8,
  },
  {
    what: 'strangers beside a locked customer, p50',
    ...medians('strangers beside a locked customer', 'strangers alone'),
    most: 1.2,
  },
  {
    what: 'strangers beside a few locked ones, p50 to beside a few',
    ...medians('strangers beside a few locked ones', 'strangers beside a few'),
    most: 1.2,
  },
  {
    what: 'strangers beside a locked crowd, p50 to beside a crowd',
    ...medians('strangers beside a locked crowd', 'strangers beside a crowd'),
    most: 1.2,
  },
];
