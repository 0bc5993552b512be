/** `npm run currencies`: writes domain/currency-table.ts from the list of ISO 4217 beside this file. */
import { writeFileSync } from 'node:fs';
import { CURRENT, WITHDRAWN } from '../../domain/currency-table';
import { currencyTable, readList, TABLE_PATH } from './generate-table';

writeFileSync(TABLE_PATH, currencyTable(readList(), { ...CURRENT, ...WITHDRAWN }));
