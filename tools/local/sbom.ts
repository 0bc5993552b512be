/** `npm run sbom`: the packages of the product, with versions, licences and hashes, as npm lists them. */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { options, runCommand } from '../../platform/command';
import { npm } from './npm';

const readOptions = options({ out: z.string().optional() });

runCommand({
  usage: `npm run sbom [-- --out FILE]   the packages of the product as CycloneDX JSON, to standard output or a file`,
  read: readOptions,
  run: async ({ out }) => {
    const { code, stdout, stderr } = await npm(
      'sbom',
      '--omit=dev',
      '--sbom-format=cyclonedx',
      '--sbom-type=application',
    );
    if (code !== 0) throw new Error(`npm sbom failed: ${stderr.trim()}`);
    if (out === undefined) process.stdout.write(stdout);
    else writeFileSync(out, stdout);
    return 0;
  },
});
