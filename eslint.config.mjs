import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** State of a module would be shared by all sagas of a worker, and be gone with it. */
const MODULE_STATE = [
  'Program > VariableDeclaration[kind!="const"]',
  'Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"]',
  'Program > VariableDeclaration > VariableDeclarator > :matches(NewExpression, ArrayExpression, ObjectExpression)',
  'Program > ExportNamedDeclaration > VariableDeclaration > VariableDeclarator > :matches(NewExpression, ArrayExpression)',
];

/** Workflow code answers the same whenever it is replayed: no Node, no clock, no chance, no environment, no state. */
const deterministic = [
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!\\./|\\.\\./domain/|@temporalio/(workflow|common)$)',
              message:
                'Workflow code imports its own files, domain/, @temporalio/workflow and @temporalio/common.',
            },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...['process', 'require', 'globalThis', 'Buffer', 'crypto', 'performance', 'fetch'],
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'WeakRef', 'FinalizationRegistry'],
        { name: 'Date', message: 'Ask workflows/clock.ts.' },
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'Math',
          property: 'random',
          message: 'What is chosen by chance is chosen by whoever starts the saga.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...MODULE_STATE.map((selector) => ({
          selector,
          message: 'Workflow code has no module state: keep it in the saga.',
        })),
      ],
    },
  },
  { files: ['workflows/clock.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'The domain is bundled with the workflows: no Node.' }] },
      ],
      'no-restricted-globals': ['error', 'process', 'setTimeout', 'setInterval', 'fetch', 'require'],
    },
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.data/', 'prisma/*/generated/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // TypeScript's own check asks for the bracket, to tell unchecked keys apart.
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  {
    files: ['**/*.{mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
      },
    },
  },
  ...deterministic,
);
