import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Selectors for a module's declarations, exported or not. */
const moduleLevel = (selector) => [
  `Program > VariableDeclaration${selector}`,
  `Program > ExportNamedDeclaration > VariableDeclaration${selector}`,
];

/** Permitted initializers of module constants: immutable values, and names of Temporal's handlers. */
const IMMUTABLE = [
  '[init.type=/^(Literal|TemplateLiteral|UnaryExpression|BinaryExpression|Identifier)$/]',
  '[init.type=/^(ArrowFunctionExpression|FunctionExpression)$/]',
  "[init.type='TSAsExpression'][init.typeAnnotation.typeName.name='const']",
  "[init.type='TSSatisfiesExpression'][init.expression.typeAnnotation.typeName.name='const']",
  '[init.type="CallExpression"][init.callee.name=/^define[A-Z]/]',
];

/** All sagas of a worker would share module state, and lose it with the worker. */
const MODULE_STATE = [
  ...moduleLevel('[kind!="const"]'),
  ...moduleLevel(` > VariableDeclarator:not(${IMMUTABLE.join(', ')})`),
  ...moduleLevel(' > VariableDeclarator > :matches(TSAsExpression, TSSatisfiesExpression) NewExpression'),
  ...moduleLevel(' > VariableDeclarator > :matches(TSAsExpression, TSSatisfiesExpression) CallExpression'),
  // A regular expression with g or y keeps lastIndex.
  ...moduleLevel(' > VariableDeclarator > Literal[regex.flags=/[gy]/]'),
  'PropertyDefinition[static=true]',
  'StaticBlock',
  'ExportDefaultDeclaration',
  'Program > :not(ImportDeclaration, ExportNamedDeclaration, VariableDeclaration, FunctionDeclaration, ClassDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration)',
];

const NOT_DETERMINISTIC = [
  ...['process', 'require', 'module', 'global', 'globalThis', 'Buffer', 'crypto', 'performance', 'fetch'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'WeakRef', 'FinalizationRegistry'],
  { name: 'Intl', message: "Its results depend on the machine's language and time zone." },
];

const LOCALE_DEPENDENT = [
  ...['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'],
  ...['toLocaleUpperCase', 'toLocaleLowerCase', 'localeCompare'],
];

/**
 * Replayed code must be deterministic: no Node, no clock, no randomness, no environment, no module state.
 *
 * @param imports regular expression of the permitted imports
 * @param others additional patterns of `no-restricted-imports`
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
        message: 'Pass random values in the input of the saga.',
      },
      ...LOCALE_DEPENDENT.map((property) => ({
        property,
        message: "Its result depends on the machine's language.",
      })),
    ],
    'no-restricted-syntax': [
      'error',
      {
        selector: 'ImportExpression',
        message: 'The bundle must contain all replayed code; use a static import.',
      },
      ...MODULE_STATE.map((selector) => ({
        selector,
        message: 'No module state: a module may declare functions, classes, types and immutable constants.',
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
        message: 'Sagas use the engine; of Temporal they may import only `patched` and `deprecatePatch`.',
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
      // noPropertyAccessFromIndexSignature requires brackets.
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
