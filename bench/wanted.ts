/** The ratios of two measures that the project wants to reach. */
import type { Measured } from './measure';

interface Wanted extends Bounds {
  readonly what: string;
  readonly of: readonly [string, keyof Measured];
  readonly to: readonly [string, keyof Measured];
}

export interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

/** Each compares two measurements of one run: a machine's speed and noise are in both. */
export const WANTED: readonly Wanted[] = [
  { what: '40 in flight, rate', of: ['colocated, 40', 'rate'], to: ['empty workflow, 40', 'rate'], least: 4 },
  { what: '200 in flight, rate', of: ['colocated, 200', 'rate'], to: ['colocated, 40', 'rate'], least: 1 },
  {
    what: 'twice as many as are taken, rate',
    of: ['colocated, 400 where 200 are taken', 'rate'],
    to: ['colocated, 200', 'rate'],
    least: 0.9,
  },
  { what: 'one at a time, p50', of: ['colocated, 1', 'p50'], to: ['empty workflow, 1', 'p50'], most: 2 },
  {
    what: 'one hot customer, rate',
    of: ['hot customer, 40', 'rate'],
    to: ['colocated, 40', 'rate'],
    least: 0.7,
  },
  {
    what: 'groups off, rate',
    of: ['groups off, 40', 'rate'],
    to: ['empty workflow, 40', 'rate'],
    least: 0.5,
  },
  {
    what: 'distributed, rate',
    of: ['distributed, 40', 'rate'],
    to: ['empty workflow, 40', 'rate'],
    least: 3,
  },
  {
    what: 'distributed alone, p50',
    of: ['distributed, 1', 'p50'],
    to: ['empty workflow, 1', 'p50'],
    most: 4,
  },
  {
    what: 'backlog after an outage, rate to 40 in flight',
    of: ['backlog after an outage', 'rate'],
    to: ['colocated, 40', 'rate'],
    least: 0.8,
  },
  {
    what: 'backlog after a hang, rate to 40 in flight',
    of: ['backlog after a hang', 'rate'],
    to: ['colocated, 40', 'rate'],
    least: 0.8,
  },
  {
    what: 'strangers beside a locked customer, p50',
    of: ['strangers beside a locked customer', 'p50'],
    to: ['strangers alone', 'p50'],
    most: 1.2,
  },
  {
    what: 'strangers beside a locked crowd, p50 to beside a crowd',
    of: ['strangers beside a locked crowd', 'p50'],
    to: ['strangers beside a crowd', 'p50'],
    most: 1.2,
  },
];
