/** The import table of ARCHITECTURE.md, checked: which folder may import which. */
const folders = {
  domain: ['domain'],
  saga: ['saga'],
  workflows: ['workflows', 'domain', 'saga'],
  activities: ['activities', 'domain', 'prisma'],
  workers: ['workers', 'saga', 'activities', 'events', 'prisma', 'platform', 'domain'],
  api: ['api', 'saga', 'domain', 'events', 'projections', 'platform', 'prisma', 'workflows'],
  events: ['events', 'domain', 'platform'],
  projections: ['projections', 'events', 'domain', 'platform', 'prisma'],
  ops: ['ops', 'saga', 'api', 'workers', 'domain', 'events', 'projections', 'platform', 'prisma'],
  platform: ['platform'],
  prisma: ['prisma', 'platform'],
};
/** No other folder imports these; they import anything. */
const OUTSIDE = 'tools|examples|test';
const FOLDERS = [...Object.keys(folders), OUTSIDE].join('|');

/** Only the files that compose a process import the parts of every folder. */
const COMPOSITION = '^api/(service|service-database|saga-services|(order|history)-service)\\.ts$|/main\\.ts$';

const table = Object.entries(folders).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.join('-')}`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: COMPOSITION },
  to: { path: `^(${FOLDERS})/`, pathNot: `^(${allowed.join('|')})/` },
}));

/** A pattern for resolved packages. Built-in modules have no folder. */
const packages = (...names) => names.map((name) => `(^|/)node_modules/${name}/`).join('|');

/** What the parts of `saga/` may import, and which folders may import them. */
const engineRules = [
  {
    name: 'the-engine-in-the-sandbox-has-the-sdk-alone',
    severity: 'error',
    from: { path: '^saga/(workflow/|contract|limits)' },
    to: { pathNot: `^saga/(workflow/|contract|limits)|${packages('@temporalio/(workflow|common)')}` },
  },
  {
    name: 'the-engine-in-processes-has-the-sdk-alone',
    severity: 'error',
    from: { path: '^saga/host/' },
    to: {
      pathNot: `^saga/(host/|contract|limits)|${packages('@temporalio/[^/]+')}`,
      dependencyTypesNot: ['core', 'type-only'],
    },
  },
  {
    name: 'the-laws-have-the-engine-the-sdk-and-jest',
    severity: 'error',
    from: { path: '^saga/testing/' },
    to: { pathNot: `^saga/|${packages('@temporalio/[^/]+', '@jest/globals')}`, dependencyTypesNot: ['core'] },
  },
  {
    name: 'only-tests-know-the-laws',
    severity: 'error',
    from: { pathNot: '^(test|examples|saga/testing)/' },
    to: { path: '^saga/testing/' },
  },
  {
    name: 'sagas-are-declared-with-the-public-part',
    severity: 'error',
    from: { path: '^workflows/' },
    to: { path: '^saga/', pathNot: '^saga/workflow/index\\.ts$' },
  },
  {
    name: 'processes-know-workflow-code-by-type-only',
    severity: 'error',
    from: { path: '^(api|ops|workers)/' },
    to: { path: '^saga/workflow/', dependencyTypesNot: ['type-only'] },
  },
];

/** Narrower rules for parts of a folder. */
const partRules = [
  {
    name: 'the-consumer-knows-no-projection',
    comment: 'It can be copied into another repository.',
    severity: 'error',
    from: { path: '^projections/consumer/' },
    to: { path: `^(${FOLDERS})/`, pathNot: '^(projections/consumer|platform)/' },
  },
  {
    name: 'the-api-reads-projections',
    severity: 'error',
    from: { path: '^api/', pathNot: COMPOSITION },
    to: { path: '^projections/', pathNot: '^projections/order-history/read\\.ts$' },
  },
  {
    name: 'the-audit-opens-nothing-itself',
    comment: 'Its callers pass the databases and the client that it reads.',
    severity: 'error',
    from: { path: '^ops/audit/', pathNot: '^ops/audit/audit-(main|report)\\.ts$' },
    to: { path: `^(${FOLDERS})/`, pathNot: '^(ops/audit|saga|domain|events)/' },
  },
];

module.exports = {
  forbidden: [
    ...table,
    { name: 'no-cycles', severity: 'error', from: { pathNot: 'generated' }, to: { circular: true } },
    {
      name: 'workflows-by-type-only',
      comment: 'The order service gives the function of its saga to the fast path.',
      severity: 'error',
      from: { path: '^api/', pathNot: '^api/order-service\\.ts$' },
      to: { path: '^workflows/', dependencyTypesNot: ['type-only'] },
    },
    ...engineRules,
    ...partRules,
    {
      name: 'one-module-opens-sessions-of-postgres',
      comment: 'It states the settings that a session would inherit otherwise. Tests look from outside.',
      severity: 'error',
      from: { pathNot: '^(platform/postgres-session\\.ts$|test/)' },
      to: { path: packages('pg', 'pg-connection-string'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'one-module-makes-prisma-adapters',
      severity: 'error',
      from: { pathNot: '^prisma/(client-options|schema-engine)\\.ts$' },
      to: { path: packages('@prisma/adapter-pg') },
    },
    {
      name: 'no-imports-of-tools-or-tests',
      severity: 'error',
      from: { pathNot: `^(${OUTSIDE})/` },
      to: { path: `^(${OUTSIDE})/` },
    },
    {
      name: 'workflow-code-is-isolated',
      comment: 'The bundle must not reach Node, the databases or the platform.',
      severity: 'error',
      from: { path: '^workflows/index\\.ts$' },
      to: {
        reachable: true,
        path: '^(prisma|platform|activities|api|workers)/|^(fs|path|os|crypto|net|http)$',
      },
    },
    {
      name: 'order-code-never-reaches-customers',
      severity: 'error',
      from: { path: '^(activities/order\\.ts$|api/orders/)' },
      to: { reachable: true, path: '^prisma/customer/' },
    },
    {
      name: 'customer-code-never-reaches-orders',
      severity: 'error',
      // The order service composes a customer with its orders.
      from: {
        path: '^(activities/(customer|create-customer)\\.ts$|api/customers/)',
        pathNot: '^api/customers/customer-with-orders\\.ts$',
      },
      to: { reachable: true, path: '^prisma/order/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
