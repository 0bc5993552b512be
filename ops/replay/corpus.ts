/** The recorded histories that every change of a workflow is replayed against. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ROOT } from '../../platform/project-paths';

/** One file a history, named after the path that the saga took. */
export const CORPUS = path.join(ROOT, 'test', 'replay', 'histories');

/** Says which path each history is. */
export const indexOf = (folder: string): string => path.join(folder, 'index.json');

const indexSchema = z.record(
  z.string(),
  z.object({
    /** In words. */
    path: z.string(),
    /** Of this project, when it was recorded. */
    version: z.string(),
  }),
);

/** By the name of the history's file. */
export function corpusIndex(folder = CORPUS): z.infer<typeof indexSchema> {
  return indexSchema.parse(JSON.parse(readFileSync(indexOf(folder), 'utf8')));
}

/** The recorded histories' files. */
export function corpusFiles(): string[] {
  return Object.keys(corpusIndex()).map((name) => path.join(CORPUS, `${name}.json`));
}
