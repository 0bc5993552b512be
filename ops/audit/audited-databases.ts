/** The databases that the audit reads. */
import type { SqlDatabase } from '../../events/sql';

export interface AuditedDatabases {
  readonly orders: SqlDatabase;
  readonly customers: SqlDatabase;
  /** Undefined when the order history is not audited. */
  readonly history: SqlDatabase | undefined;
}
