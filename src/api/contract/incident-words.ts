import type { Incident } from './schemas.ts';

/** A class as a person reads it. Stands apart from the schemas so that the page need not load them. */
export const incidentClassWords: Readonly<Record<Incident['class'], string>> = {
  crash: 'Crash',
  hang: 'Hang',
  'memory-leak': 'Memory leak',
  'cpu-saturation': 'CPU saturation',
  'disk-full': 'Disk full',
  'resource-limit': 'Resource limit reached',
  network: 'Network trouble',
  'dependency-failure': 'Dependency failure',
  'bad-deployment': 'Bad deployment',
  'bad-configuration': 'Bad configuration',
  'traffic-surge': 'Traffic surge',
  clock: 'Wrong clock',
  'telemetry-lost': 'Figures lost',
  security: 'Security',
  unknown: 'Trouble',
};
