/** Ages in queries of operators: whole seconds, or an ISO 8601 duration. */
import { z } from 'zod';

/** 36,500 days, about 100 years: every order is younger, and the time that long ago is still a date of Postgres. */
const AGE_MAX_S = 36_500 * 86_400;

/** Without years and months: how long they last depends on the calendar. Nine digits are exact numbers. */
const AGE =
  /^(?:(?<seconds>\d{1,9})|P(?=\d|T)(?:(?<w>\d{1,9})W)?(?:(?<d>\d{1,9})D)?(?:T(?=\d)(?:(?<h>\d{1,9})H)?(?:(?<m>\d{1,9})M)?(?:(?<s>\d{1,9})S)?)?)$/;

const UNIT_S = { seconds: 1, w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 } as const;

/** A query parameter; parsed to milliseconds. */
export const ageSchema = z
  .string()
  .regex(AGE, 'must be whole seconds, or an ISO 8601 duration of weeks, days, hours, minutes and seconds')
  .transform(secondsOf)
  .refine((seconds) => seconds <= AGE_MAX_S, `must be at most ${String(AGE_MAX_S)} seconds`)
  .transform((seconds) => seconds * 1_000);

function secondsOf(age: string): number {
  const parts: Readonly<Record<string, string | undefined>> = AGE.exec(age)?.groups ?? {};
  return Object.entries(UNIT_S).reduce((sum, [unit, each]) => sum + Number(parts[unit] ?? 0) * each, 0);
}
