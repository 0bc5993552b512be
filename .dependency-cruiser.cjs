/** The import table of ARCHITECTURE.md, checked: which room may use which. */
const rooms = {
  domain: ['domain'],
  saga: ['saga'],
  workflows: ['workflows', 'domain', 'saga'],
  activities: ['activities', 'domain', 'prisma'],
  workers: ['workers', 'saga', 'activities', 'events', 'prisma', 'platform', 'domain'],
  api: ['api', 'saga', 'domain', 'events', 'history', 'platform', 'prisma', 'workflows'],
  consumer: ['consumer', 'platform'],
  history: ['history', 'consumer', 'events', 'domain', 'platform', 'prisma'],
  audit: ['audit', 'saga', 'domain', 'events'],
  operate: ['operate', 'saga', 'api', 'audit', 'domain', 'history', 'platform', 'prisma', 'workers'],
  events: ['events', 'domain', 'platform'],
  platform: ['platform'],
  prisma: ['prisma'],
};
const ROOMS =
  'domain|saga|workflows|activities|workers|api|events|consumer|history|audit|operate|platform|prisma|dev|bench|faults|simulator|test';

const table = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports-only-${allowed.join('-')}`,
  severity: 'error',
  // The mains and what composes a process alone see other rooms too.
  from: { path: `^${room}/`, pathNot: '^api/(service|saga-services|history-service)\\.ts$|/main\\.ts$' },
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
    from: { pathNot: '^(test|saga/testing)/' },
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
    from: { path: '^(api|audit|operate|workers)/' },
    to: { path: '^saga/workflow/', dependencyTypesNot: ['type-only'] },
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
    {
      name: 'nobody-imports-tests-or-dev',
      severity: 'error',
      from: { pathNot: '^(dev|test|bench|faults|simulator)/' },
      to: { path: '^(dev|test|bench|faults|simulator)/' },
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
      from: { path: '^(activities/order|api/(orders|place-order|order-reads))\\.ts$' },
      to: { reachable: true, path: '^prisma/customer/' },
    },
    {
      name: 'customer-code-never-reaches-orders',
      severity: 'error',
      from: { path: '^(activities/(customer|create-customer)|api/customers)\\.ts$' },
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
