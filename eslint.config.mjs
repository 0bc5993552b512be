import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Of what a module declares, exported or not. */
const ofModule = (selector) => [
  `Program > VariableDeclaration${selector}`,
  `Program > ExportNamedDeclaration > VariableDeclaration${selector}`,
];

/** What a constant of a module may be: what cannot change, and names for Temporal's handlers. */
const UNCHANGING = [
  '[init.type=/^(Literal|TemplateLiteral|UnaryExpression|BinaryExpression|Identifier)$/]',
  '[init.type=/^(ArrowFunctionExpression|FunctionExpression)$/]',
  "[init.type='TSAsExpression'][init.typeAnnotation.typeName.name='const']",
  "[init.type='TSSatisfiesExpression'][init.expression.typeAnnotation.typeName.name='const']",
  '[init.type="CallExpression"][init.callee.name=/^define[A-Z]/]',
];

/** State of a module would be shared by all sagas of a worker, and be gone with it. */
const MODULE_STATE = [
  ...ofModule('[kind!="const"]'),
  ...ofModule(` > VariableDeclarator:not(${UNCHANGING.join(', ')})`),
  ...ofModule(' > VariableDeclarator > :matches(TSAsExpression, TSSatisfiesExpression) NewExpression'),
  ...ofModule(' > VariableDeclarator > :matches(TSAsExpression, TSSatisfiesExpression) CallExpression'),
  // Such an expression remembers where it stopped.
  ...ofModule(' > VariableDeclarator > Literal[regex.flags=/[gy]/]'),
  'PropertyDefinition[static=true]',
  'StaticBlock',
  'ExportDefaultDeclaration',
  'Program > :not(ImportDeclaration, ExportNamedDeclaration, VariableDeclaration, FunctionDeclaration, ClassDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration)',
];

const NOT_DETERMINISTIC = [
  ...['process', 'require', 'module', 'global', 'globalThis', 'Buffer', 'crypto', 'performance', 'fetch'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'WeakRef', 'FinalizationRegistry'],
  { name: 'Intl', message: "It answers with the machine's language and time zone." },
];

const OF_THE_LOCALE = [
  ...['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'],
  ...['toLocaleUpperCase', 'toLocaleLowerCase', 'localeCompare'],
];

/**
 * Code that is replayed answers the same whenever that is done: no Node, no clock, no chance, no environment,
 * no state.
 *
 * @param imports what a file may import, as a regular expression
 * @param others further patterns of `no-restricted-imports`
 */
const deterministic = (files, imports, message, others = []) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ regex: `^(?!${imports})`, message }, ...others] }],
    'no-restricted-globals': [
      'error',
      ...NOT_DETERMINISTIC,
      { name: 'Date', message: 'Use saga/workflow/clock.ts.' },
    ],
    'no-restricted-properties': [
      'error',
      {
        object: 'Math',
        property: 'random',
        message: 'What is chosen by chance is chosen by whoever starts the saga.',
      },
      ...OF_THE_LOCALE.map((property) => ({
        property,
        message: 'It depends on the language of the machine.',
      })),
    ],
    'no-restricted-syntax': [
      'error',
      { selector: 'ImportExpression', message: 'What is replayed is bundled whole.' },
      ...MODULE_STATE.map((selector) => ({
        selector,
        message: 'No module state: a module declares functions, classes, types and what cannot change.',
      })),
    ],
    'no-eval': 'error',
  },
});

const replayed = [
  deterministic(
    ['workflows/**/*.ts'],
    '\\./[^.]|\\.\\./domain/[^.]|\\.\\./saga/workflow$|@temporalio/workflow$',
    'Sagas import their own files, domain/ and saga/workflow.',
    [
      {
        regex: '^@temporalio/workflow$',
        allowImportNames: ['patched', 'deprecatePatch'],
        message: 'The engine is what sagas use of Temporal, but for a change that is made with `patched`.',
      },
    ],
  ),
  deterministic(
    ['saga/workflow/**/*.ts', 'saga/contract.ts'],
    '\\./[^.]|\\.\\./contract$|@temporalio/(workflow|common)$',
    'The engine in the sandbox imports its own files, saga/contract, @temporalio/workflow and @temporalio/common.',
  ),
  {
    files: ['saga/workflow/clock.ts'],
    rules: { 'no-restricted-globals': ['error', ...NOT_DETERMINISTIC] },
  },
  deterministic(
    ['domain/**/*.ts'],
    '\\./[^.]',
    'The domain is bundled with the workflows, and imports nothing but itself.',
  ),
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
  ...replayed,
);
