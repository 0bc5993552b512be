/** The recorded histories that every change of a workflow is replayed against. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ROOT } from '../../platform/project-paths';

/** Folder with one file per history, named after the saga's path. */
export const CORPUS = path.join(ROOT, 'test', 'replay', 'histories');

/** Path of the file that describes each history. */
export const indexOf = (folder: string): string => path.join(folder, 'index.json');

const indexSchema = z.record(
  z.string(),
  z.object({
    /** Description. */
    path: z.string(),
    /** Version of this project at the recording. */
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
