/** The Temporal namespace of a test file. */
import path from 'node:path';

/** @param file path of a `.test.ts` */
export function testNamespace(file: string): string {
  return path.basename(file, '.test.ts').replaceAll('.', '-');
}
