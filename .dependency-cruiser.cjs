/** The import table of ARCHITECTURE.md, checked: which room may use which. */
const rooms = {
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
  prisma: ['prisma'],
};
/** Nobody imports them; they import anything. */
const OUTSIDE = 'tools|examples|test';
const ROOMS = [...Object.keys(rooms), OUTSIDE].join('|');

/** What composes a process alone sees the parts of all. */
const COMPOSITION = '^api/(service|saga-services|history-service)\\.ts$|/main\\.ts$';

const table = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports-only-${allowed.join('-')}`,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: COMPOSITION },
  to: { path: `^(${ROOMS})/`, pathNot: `^(${allowed.join('|')})/` },
}));

/** Of the packages, as they are resolved; built-in modules have no folder. */
const packages = (...names) => names.map((name) => `(^|/)node_modules/${name}/`).join('|');

/** What the parts of `saga/` may use, and who may use them. */
const ofTheEngine = [
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
      dependencyTypesNot: ['core'],
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

/** What the parts of a room may use, where that is less than the room may. */
const ofParts = [
  {
    name: 'the-consumer-knows-no-projection',
    comment: 'It is there to be copied into another repository.',
    severity: 'error',
    from: { path: '^projections/consumer/' },
    to: { path: `^(${ROOMS})/`, pathNot: '^(projections/consumer|platform)/' },
  },
  {
    name: 'the-api-reads-projections',
    severity: 'error',
    from: { path: '^api/', pathNot: COMPOSITION },
    to: { path: '^projections/', pathNot: '^projections/order-history/read\\.ts$' },
  },
  {
    name: 'the-audit-opens-nothing-itself',
    comment: 'Tests and tools give it the databases and the client that it reads.',
    severity: 'error',
    from: { path: '^ops/audit/', pathNot: '^ops/audit/audit-(main|report)\\.ts$' },
    to: { path: `^(${ROOMS})/`, pathNot: '^(ops/audit|saga|domain|events)/' },
  },
];

module.exports = {
  forbidden: [
    ...table,
    { name: 'no-cycles', severity: 'error', from: { pathNot: 'generated' }, to: { circular: true } },
    {
      name: 'workflows-by-type-only',
      severity: 'error',
      from: { path: '^api/' },
      to: { path: '^workflows/', dependencyTypesNot: ['type-only'] },
    },
    ...ofTheEngine,
    ...ofParts,
    {
      name: 'nobody-imports-tools-or-tests',
      severity: 'error',
      from: { pathNot: `^(${OUTSIDE})/` },
      to: { path: `^(${OUTSIDE})/` },
    },
    {
      name: 'workflow-code-is-isolated',
      comment: 'Nothing that the bundle reaches may come from Node, the databases or the platform.',
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
      // A customer with its orders is composed by the order service.
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
