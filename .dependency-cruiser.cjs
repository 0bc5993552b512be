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
    {
      name: 'sagas-run-without-what-starts-them',
      severity: 'error',
      from: { path: '^saga/(workflow|host)/' },
      to: { path: '^saga/(workflow|host)/', pathNot: '^saga/$1/' },
    },
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
    exclude: { path: '^(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
