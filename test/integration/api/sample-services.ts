import { jointHealth } from '../../../src/decide/health.ts';
import { ServiceBook } from '../../../src/decide/service-book.ts';
import type { FoundService } from '../../../src/decide/service-discovery.ts';
import type { EngineView } from '../../../src/engine/engine-view.ts';
import { type ServiceState, servicesSentence } from '../../../src/engine/service-state.ts';
import type { ServiceRow } from '../../../src/model/index.ts';

type Services = Pick<
  EngineView,
  | 'services'
  | 'servicesSentence'
  | 'service'
  | 'fleetHealth'
  | 'registerService'
  | 'changeService'
  | 'removeService'
  | 'changeDependency'
>;

/** Shop, which calls redis; kept as the engine keeps them, with a health that is fixed. */
export function sampleServices(now: number): Services {
  const book = new ServiceBook();
  const found = (key: string, name: string, entityId: string): [string, FoundService] => [
    key,
    { key, name, entityIds: new Set([entityId]), processes: [], lastAt: now },
  ];
  book.absorb(
    {
      services: new Map([found('job=shop', 'shop', 'service:b'), found('process=redis', 'redis', 'host:a')]),
      calls: [{ from: 'job=shop', to: 'process=redis', origin: 'connection', lastAt: now }],
    },
    now,
  );
  const stateOf = (row: ServiceRow): ServiceState => ({
    row,
    health: {
      score: 62,
      sentence: 'Answers take 300 ms, usually 100 ms.',
      dimensions: [{ name: 'latency', score: 50, weight: 2, reason: 'answers take 300 ms, usually 100 ms' }],
    },
    missing: ['jobs: no runs of its jobs are recorded'],
    entityIds: book.entitiesOf(row.id),
    processes: [{ entityId: 'host:a', groupname: 'node shop.ts', endpoint: '0.0.0.0:8080' }],
    business: row.business,
    calls: book.dependencies().filter(({ from }) => from === row.id),
    calledBy: book.dependencies().filter(({ to }) => to === row.id),
    incidentIds: ['i-open'],
    openFindings: 1,
    firingAlerts: 0,
  });
  const services = () => book.services(now).map(stateOf);
  return {
    services,
    servicesSentence: () => servicesSentence(services()),
    service: (idOrName) => stateOf(book.service(idOrName)),
    fleetHealth: () => jointHealth(services().map(({ row, health }) => ({ name: row.name, health }))),
    registerService: async (registration, business) => stateOf(book.register(registration, business, now)),
    changeService: async (idOrName, change) => stateOf(book.change(idOrName, change, now)),
    removeService: async (idOrName) => book.service(idOrName),
    changeDependency: async (change) => void book.changeDependency(change, now),
  };
}
