import type { ChannelChoice } from '../../../src/decide/messages.ts';
import type { Route, Routing } from '../../../src/decide/routing.ts';

export const sampleChannels: readonly ChannelChoice[] = [
  { name: 'hook', minSeverity: 'medium', kind: 'webhook' },
  { name: 'mail', minSeverity: 'medium', kind: 'email' },
  { name: 'pager', minSeverity: 'high', kind: 'pagerduty' },
];

/** A route that takes everything, for the team. */
export function sampleRoute(over: Partial<Route>): Route {
  return {
    name: 'r',
    severity: [],
    class: [],
    kind: [],
    service: [],
    entity: [],
    match: [],
    hours: [],
    timeZone: 'UTC',
    to: ['team'],
    continue: false,
    escalation: null,
    ...over,
  };
}

/** What is critical goes to the pager and is escalated; the rest to a team that is quiet at night. */
export const sampleRouting: Routing = {
  receivers: [
    {
      name: 'team',
      to: ['mail', 'hook'],
      quiet: [{ days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 22 * 60, toMinute: 7 * 60 }],
      timeZone: 'Europe/Berlin',
    },
  ],
  routes: [
    sampleRoute({
      name: 'wake',
      severity: ['critical'],
      match: [{ name: 'env', op: '!=', value: 'test' }],
      to: ['pager'],
      continue: true,
      escalation: 'night',
    }),
    sampleRoute({ name: 'rest' }),
  ],
  escalations: [{ name: 'night', steps: [{ afterMs: 600_000, to: ['team'] }], repeat: 1 }],
};
