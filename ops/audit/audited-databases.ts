/** Where the audit looks, besides Temporal. */
import type { SqlDatabase } from '../../events/sql';

export interface AuditedDatabases {
  readonly orders: SqlDatabase;
  readonly customers: SqlDatabase;
  /** Undefined where no order history is audited. */
  readonly history: SqlDatabase | undefined;
}
