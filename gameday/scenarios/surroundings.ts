import { certificate, wrongUpstream } from '../faults/edge.ts';
import { blackholeRoute, dropPackets, limitRate, loseTelemetry, resetCache, slowPricing } from '../faults/network.ts';
import { signal } from '../faults/processes.ts';
import { cacheMemory, cachePassword, flushCache } from '../faults/stores.ts';
import { fillDisk, fillInodes, remountReadOnly } from '../faults/storage.ts';
import { traffic } from '../faults/traffic.ts';
import type { Scenario } from './scenario.ts';

/* What the processes stand on: disk, cache, network, edge, and the crowd before it. */

export const surroundingScenarios: readonly Scenario[] = [
  {
    id: '07-full-disk',
    title: 'the file system of the service fills up',
    pace: 'slow',
    truth: { class: 'disk-full', severity: 'high', culprits: ['spool', 'debug-log'], fix: 'clean' },
    inject: [fillDisk()],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'notes: HTTP 503', within: 80 },
        { see: 'log', part: 'api-1', pattern: 'ENOSPC', within: 80 },
      ],
    },
  },
  {
    id: '08-no-inodes',
    title: 'the file system of the service has no inodes left',
    pace: 'slow',
    truth: { class: 'disk-full', severity: 'high', culprits: ['spool', 'session-maker'], fix: 'clean' },
    inject: [fillInodes()],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'notes: HTTP 503', within: 80 },
        { see: 'log', part: 'api-1', pattern: 'ENOSPC', within: 80 },
      ],
    },
  },
  {
    id: '09-read-only',
    title: 'the file system of the service takes no more writes',
    pace: 'hard',
    truth: { class: 'disk-full', severity: 'high', culprits: ['spool'], fix: null },
    inject: [remountReadOnly()],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'notes: HTTP 503', within: 15 },
        { see: 'log', part: 'api-1', pattern: 'EROFS', within: 15 },
      ],
    },
  },
  {
    id: '13-cache-full',
    title: 'the cache may hold no more',
    pace: 'hard',
    truth: { class: 'resource-limit', severity: 'high', culprits: ['redis'], fix: 'raise-limit' },
    inject: [cacheMemory('2mb')],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'orders: HTTP 503', within: 15 },
        { see: 'log', part: 'api-1', pattern: 'OOM command', within: 15 },
      ],
    },
  },
  {
    id: '14-cache-password',
    title: 'the cache has another password than the services know',
    pace: 'hard',
    truth: { class: 'bad-configuration', severity: 'high', culprits: ['redis'], fix: 'restore-secret' },
    inject: [cachePassword()],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'orders: HTTP 503', within: 15 },
        { see: 'log', part: 'api-1', pattern: 'WRONGPASS|NOAUTH', within: 15 },
      ],
    },
  },
  {
    id: '15-slow-dependency',
    title: 'what the service asks takes two seconds longer',
    pace: 'hard',
    isExam: true,
    truth: {
      class: 'dependency-failure',
      severity: 'high',
      culprits: ['pricing', 'pricing-link'],
      fix: 'break-circuit',
    },
    inject: [slowPricing(2_000)],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.25, seconds: 3, within: 15 },
        { see: 'fault', pattern: 'prices: time-out', within: 15 },
      ],
    },
  },
  {
    id: '16-packet-loss',
    title: 'three of ten packets to the data are lost',
    pace: 'hard',
    truth: { class: 'network', severity: 'high', culprits: ['network', 'postgres', 'redis'], fix: null },
    inject: [dropPackets(30)],
    shows: { see: 'slow', ms: 600, seconds: 4, within: 30 },
  },
  {
    id: '17-reset',
    title: 'connections to the cache are reset',
    pace: 'hard',
    truth: { class: 'network', severity: 'high', culprits: ['redis', 'network'], fix: null },
    inject: [resetCache()],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'orders: (HTTP 503|time-out)', within: 15 },
        { see: 'log', part: 'api-1', pattern: 'ECONNREFUSED|ECONNRESET', within: 15 },
      ],
    },
  },
  {
    id: '18-no-route',
    title: 'the way to the data is gone: connections time out',
    pace: 'hard',
    truth: { class: 'network', severity: 'critical', culprits: ['network', 'postgres', 'redis'], fix: 'restore-route' },
    inject: [blackholeRoute()],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.4, seconds: 4, within: 20 },
        { see: 'fault', pattern: 'time-out|HTTP 503', within: 20 },
      ],
    },
  },
  {
    id: '19-narrow-link',
    title: 'the link to the clients carries one megabit a second',
    pace: 'hard',
    isExam: true,
    truth: { class: 'network', severity: 'high', culprits: ['network', 'edge'], fix: 'shed-load' },
    inject: [limitRate('1mbit')],
    shows: { see: 'slow', ms: 700, seconds: 4, within: 30 },
  },
  {
    id: '20-bad-edge',
    title: 'the edge is given a wrong configuration',
    pace: 'hard',
    truth: { class: 'bad-configuration', severity: 'critical', culprits: ['edge'], fix: 'restore-configuration' },
    inject: [wrongUpstream()],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.9, seconds: 3, within: 15 },
        { see: 'fault', pattern: 'HTTP 502', within: 15 },
      ],
    },
  },
  {
    id: '22-certificate',
    title: 'the certificate of the edge has expired',
    pace: 'hard',
    truth: { class: 'bad-configuration', severity: 'critical', culprits: ['edge'], fix: 'rotate-certificate' },
    inject: [certificate(-1)],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.9, seconds: 3, within: 15 },
        { see: 'fault', pattern: 'CERT_HAS_EXPIRED', within: 15 },
      ],
    },
  },
  {
    id: '25-flash-crowd',
    title: 'a crowd comes for one item',
    pace: 'hard',
    truth: { class: 'traffic-surge', severity: 'high', culprits: ['edge', 'api-1', 'api-2'], fix: 'shed-load' },
    inject: [
      traffic('a crowd comes', { shape: 'surge', rate: 35, peak: 450, rampSeconds: 5, hot: { item: 7, share: 0.7 } }),
    ],
    shows: { see: 'slow', ms: 800, seconds: 4, within: 40 },
  },
  {
    id: '27-cache-flush',
    title: 'a job empties the cache again and again',
    pace: 'hard',
    truth: {
      class: 'dependency-failure',
      severity: 'high',
      culprits: ['redis', 'postgres', 'cache-job'],
      fix: 'warm-cache',
    },
    inject: [flushCache(0.25)],
    shows: { see: 'slow', ms: 600, seconds: 4, within: 40 },
  },
  {
    id: '28-two-at-once',
    title: 'an instance is killed while the cache is full',
    pace: 'hard',
    truth: { class: 'crash', severity: 'high', culprits: ['api-2', 'redis'], fix: 'restart' },
    inject: [cacheMemory('2mb'), signal('api-2', 'KILL')],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'HTTP 502', within: 15 },
        { see: 'fault', pattern: 'orders: HTTP 503', within: 15 },
      ],
    },
  },
  {
    id: '30-no-telemetry',
    title: 'no figures of the stack can be read; its users see nothing',
    pace: 'hard',
    truth: { class: 'telemetry-lost', severity: 'medium', culprits: ['api-1', 'api-2'], fix: null },
    inject: [loseTelemetry()],
    shows: {
      see: 'all',
      of: [
        { see: 'nothing' },
        { see: 'part', part: 'api-1', is: 'dark', within: 15 },
        { see: 'part', part: 'api-2', is: 'dark', within: 15 },
      ],
    },
  },
];
