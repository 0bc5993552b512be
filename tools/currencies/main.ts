/** `npm run currencies`: writes domain/currency-table.ts from the list of ISO 4217 beside this file. */
import { writeFileSync } from 'node:fs';
import { CURRENT, WITHDRAWN } from '../../domain/currency-table';
import { options, runCommand } from '../../platform/command';
import { currencyTable, readList, TABLE_PATH } from './generate-table';

runCommand({
  usage: 'npm run currencies   writes domain/currency-table.ts from tools/currencies/iso-4217-list-one.xml',
  read: options({}),
  run: () => {
    writeFileSync(TABLE_PATH, currencyTable(readList(), { ...CURRENT, ...WITHDRAWN }));
    return Promise.resolve(0);
  },
});
