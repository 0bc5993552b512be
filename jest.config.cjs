/** Tests run by `npm test`, which starts the servers that they use. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // These tests record histories: only on request.
  testPathIgnorePatterns: process.env.RECORD_HISTORIES ? [] : ['<rootDir>/test/replay/record/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.(ts|mjs)$|/node_modules/jose/.+\\.js$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Published only as ES modules, which jest cannot require untransformed.
  transformIgnorePatterns: ['/node_modules/(?!(httpxy|jose)/)'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  maxWorkers: 2,
  // Each file leaves its modules behind; in a worker that has run dozens, a test takes twice the time.
  workerIdleMemoryLimit: '800MB',
  // A failed test may leave a service running; exit anyway and report the failure.
  forceExit: true,
  // For a busy machine; no test sleeps this long.
  testTimeout: 120_000,
};
