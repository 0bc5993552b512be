/** Tests run by `npm test`, which starts the servers that they use. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Records histories, on demand.
  testPathIgnorePatterns: process.env.RECORD_HISTORIES ? [] : ['<rootDir>/test/replay/record/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.(ts|mjs)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Published as ES modules only, which jest cannot require as they are.
  transformIgnorePatterns: ['/node_modules/(?!httpxy/)'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  maxWorkers: 2,
  // A test that failed may have left a service running; the run ends all the same, and says what failed.
  forceExit: true,
  // For a machine that is busy with everything else; no test sleeps.
  testTimeout: 120_000,
};
