import type { NotifierSettings } from './act/notify/notifier.ts';
import type { Config } from './config/schema.ts';
import { quietUntil, type Routing } from './decide/routing.ts';

/** Receivers, routes and escalations as the configuration has them; hours without a zone are in that of this machine. */
export function routingOf({ notify }: Config, timeZone: string): Routing {
  return {
    receivers: notify.receivers.map((one) => ({ ...one, timeZone: one.timeZone ?? timeZone })),
    routes: notify.routes.map((one, i) => ({
      ...one,
      name: one.name ?? `route ${i + 1}`,
      timeZone: one.timeZone ?? timeZone,
    })),
    escalations: notify.escalations.map(({ name, steps, repeat }) => ({
      name,
      steps: steps.map(({ after, to }) => ({ afterMs: after, to })),
      repeat,
    })),
  };
}

/** What of the configuration the outbox works by. */
export function notifierSettings(config: Config, timeZone: string): NotifierSettings {
  const { channels, pageUrl, maxAge, outbox } = config.notify;
  const routing = routingOf(config, timeZone);
  return {
    channels,
    pageUrl,
    maxAgeMs: maxAge,
    most: outbox,
    quietUntil: ({ receiver, channel, severity }, at) =>
      receiver === null || severity === 'none' ? null : quietUntil({ receiver, channel, severity }, routing, at),
  };
}
