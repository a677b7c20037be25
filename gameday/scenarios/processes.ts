import { holdConnections, holdLock } from '../faults/stores.ts';
import { cpuQuota, openFileLimit } from '../faults/limits.ts';
import { clockSkew, leak, restartWith, signal, squatPort, stop, stressCpu } from '../faults/processes.ts';
import type { Scenario } from './scenario.ts';

/* Processes that end, hang, starve or are started wrongly. */

export const processScenarios: readonly Scenario[] = [
  {
    id: '01-kill',
    title: 'an instance is killed',
    pace: 'hard',
    truth: { class: 'crash', severity: 'high', culprits: ['api-1'], fix: 'restart' },
    inject: [signal('api-1', 'KILL')],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.2, seconds: 1, within: 15 },
        { see: 'fault', pattern: 'HTTP 502', within: 15 },
      ],
    },
  },
  {
    id: '02-hang',
    title: 'an instance hangs: it is there and answers nothing',
    pace: 'hard',
    truth: { class: 'hang', severity: 'high', culprits: ['api-2'], fix: 'continue' },
    inject: [signal('api-2', 'STOP')],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.25, seconds: 3, within: 15 },
        { see: 'fault', pattern: 'time-out', within: 15 },
        { see: 'part', part: 'api-2', is: 'stopped', within: 15 },
      ],
    },
  },
  {
    id: '03-crash-loop',
    title: 'an instance ends at each start for want of a setting',
    pace: 'hard',
    truth: { class: 'bad-configuration', severity: 'high', culprits: ['api-2'], fix: 'roll-back' },
    inject: [restartWith(['api-2'], { DATABASE_URL: '' })],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.25, seconds: 3, within: 20 },
        { see: 'log', part: 'api-2', pattern: 'DATABASE_URL is not set', within: 20 },
      ],
    },
  },
  {
    id: '04-leak',
    title: 'an instance leaks memory until its limit kills it',
    pace: 'slow',
    isExam: true,
    truth: { class: 'memory-leak', severity: 'high', culprits: ['api-1'], fix: 'recycle' },
    inject: [leak('api-1', 2.6)],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'HTTP 502', within: 90 },
        { see: 'failing', share: 0.2, seconds: 1, within: 90 },
      ],
    },
  },
  {
    id: '05-cpu-hog',
    title: 'another program takes the processors',
    pace: 'hard',
    truth: { class: 'cpu-saturation', severity: 'high', culprits: ['stress-ng'], fix: 'throttle' },
    inject: [stressCpu(12, 12_000)],
    shows: { see: 'slow', ms: 700, seconds: 3, within: 30 },
  },
  {
    id: '06-cpu-quota',
    title: 'an instance gets too little of the processor',
    pace: 'hard',
    truth: { class: 'resource-limit', severity: 'high', culprits: ['api-1'], fix: 'raise-quota' },
    inject: [cpuQuota('api-1', 0.02)],
    shows: { see: 'slow', ms: 700, seconds: 3, within: 30 },
  },
  {
    id: '10-open-files',
    title: 'an instance may not open another file',
    pace: 'hard',
    truth: { class: 'resource-limit', severity: 'high', culprits: ['api-2'], fix: 'raise-limit' },
    inject: [openFileLimit('api-2', 24)],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.2, seconds: 3, within: 30 },
        { see: 'log', part: 'api-2', pattern: 'EMFILE', within: 30 },
      ],
    },
  },
  {
    id: '11-connections',
    title: 'a report holds all connections of the database',
    pace: 'hard',
    isExam: true,
    truth: {
      class: 'resource-limit',
      severity: 'high',
      culprits: ['postgres', 'report-builder'],
      fix: 'end-idle-sessions',
    },
    inject: [holdConnections()],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.2, seconds: 3, within: 45 },
        { see: 'log', part: 'api-1', pattern: '53300', within: 45 },
      ],
    },
  },
  {
    id: '12-lock',
    title: 'an open transaction holds the stock',
    pace: 'hard',
    truth: { class: 'hang', severity: 'high', culprits: ['postgres', 'stock-import'], fix: 'end-blocker' },
    inject: [holdLock()],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.2, seconds: 3, within: 20 },
        { see: 'fault', pattern: 'orders: (time-out|HTTP 50)', within: 20 },
      ],
    },
  },
  {
    id: '21-port-taken',
    title: 'another program has the port of an instance when it starts',
    pace: 'hard',
    truth: { class: 'bad-configuration', severity: 'high', culprits: ['port-squatter', 'api-2'], fix: null },
    inject: [squatPort('api-2')],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'HTTP 404', within: 15 },
        { see: 'log', part: 'api-2', pattern: 'EADDRINUSE', within: 15 },
      ],
    },
  },
  {
    id: '23-clock',
    title: 'the clock of an instance is an hour ahead',
    pace: 'hard',
    truth: { class: 'clock', severity: 'high', culprits: ['api-1'], fix: null },
    inject: [clockSkew('api-1', '+1h')],
    shows: {
      see: 'all',
      of: [
        { see: 'failing', share: 0.25, seconds: 3, within: 20 },
        { see: 'fault', pattern: 'HTTP 401', within: 20 },
      ],
    },
  },
  {
    id: '24-resolver',
    title: 'the resolver is dead',
    pace: 'hard',
    isExam: true,
    truth: { class: 'dependency-failure', severity: 'high', culprits: ['resolver'], fix: 'restart' },
    inject: [stop('resolver')],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'prices: (HTTP 503|time-out)', within: 20 },
        { see: 'log', part: 'api-1', pattern: 'EAI_AGAIN', within: 20 },
      ],
    },
  },
  {
    id: '26-bad-release',
    title: 'a new version fails on one request in five',
    pace: 'hard',
    isExam: true,
    truth: { class: 'bad-deployment', severity: 'high', culprits: ['api-1', 'api-2'], fix: 'roll-back' },
    inject: [restartWith(['api-1', 'api-2'], { VERSION: '1.5.0', RELEASE_FAULT: '0.2' })],
    shows: {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'HTTP 500', within: 25 },
        { see: 'log', part: 'api-1', pattern: 'started 1.5.0', within: 25 },
      ],
    },
  },
];
