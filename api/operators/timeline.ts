/** One order of time for entries of different sources. */
import type { TimelineEntry } from './timeline-json';

/** An entry, and its place among those of the same millisecond: smaller ones come first. */
export interface Placed<Entry = TimelineEntry> {
  readonly entry: Entry;
  readonly place: Place;
}

/**
 * The cause comes before its effect: the saga, the position in its history, and for what an attempt has caused, what it
 * is.
 */
export interface Place {
  /** 0: the saga of the order. 1: that of its cancellation. */
  readonly saga: number;
  /** Position in the history of the saga; Infinity when it is not known. */
  readonly seq: number;
  /** 0: what the history has; then its event; then the publication. */
  readonly effect: 0 | 1 | 2;
}

/** @returns the entries by time; those of one millisecond by their places */
export function timelineOf(entries: readonly Placed[]): TimelineEntry[] {
  return [...entries].sort(inOrder).map(({ entry }) => entry);
}

function inOrder({ entry, place }: Placed, other: Placed): number {
  return (
    Date.parse(entry.at) - Date.parse(other.entry.at) ||
    place.saga - other.place.saga ||
    compared(place.seq, other.place.seq) ||
    place.effect - other.place.effect
  );
}

/** Not a difference: that of two infinities is no number. */
function compared(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
