// Generates the Prisma clients whose schemas have changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
const version = createRequire(import.meta.url)('prisma/package.json').version;

for (const service of ['order', 'customer', 'history']) {
  const schema = path.join(folder, service, 'schema.prisma');
  const stamp = path.join(folder, service, 'generated', '.schema-hash');
  const hash = createHash('sha256').update(version).update(readFileSync(schema)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) continue;
  try {
    // Generation needs no native engine. The path of an existing file keeps the CLI from downloading one. A build step, not
    // the product: the CLI gets the environment of the shell, as npm does.
    const env = {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    };
    execFileSync(process.execPath, [prisma, 'generate', '--schema', schema], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    console.error(`Failed to generate the Prisma client of the ${service} service from ${schema}:`);
    console.error(String(error.stderr ?? error.message).trim());
    process.exit(1);
  }
  writeFileSync(stamp, hash);
}
