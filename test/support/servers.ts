/** The servers that `npm test` has started, as a test file sees them. */
import { expect } from '@jest/globals';
import type { TemporalTarget } from '../../platform/temporal';
import { testNamespace } from '../../tools/local/test-namespace';

export interface TestServers {
  /** With a namespace that only this test file uses. */
  readonly temporal: TemporalTarget;
  /** Prometheus metrics of the Temporal server. */
  readonly metricsUrl: string;
  readonly bundlePath: string;
  /** Of the Postgres superuser. */
  readonly adminUrl: string;
}

export function testServers(): TestServers {
  const { testPath } = expect.getState();
  if (testPath === undefined) throw new Error('called outside a test file');
  return {
    temporal: { address: variable('TEST_TEMPORAL_ADDRESS'), namespace: testNamespace(testPath) },
    metricsUrl: variable('TEST_TEMPORAL_METRICS_URL'),
    bundlePath: variable('TEST_WORKFLOW_BUNDLE'),
    adminUrl: variable('TEST_POSTGRES_URL'),
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with npm test`);
  return value;
}
