import type { Objective } from '../model/index.ts';
import { parsePromql } from './promql/parse.ts';
import type { Query } from './promql/syntax.ts';
import { AuspexError } from '../errors.ts';

/** Long enough for what is scraped once in two minutes. */
const RATE_RANGE = '5m';

export interface IndicatorQueries {
  readonly good: Query;
  readonly total: Query;
}

/**
 * The two expressions that an objective is counted by, each one number: events a second.
 * @throws AuspexError BAD_REQUEST with the position where an expression cannot be read, or is missing what it counts by.
 */
export function indicatorQueries(objective: Pick<Objective, 'indicator' | 'service'>): IndicatorQueries {
  const { good, total } = indicatorTexts(objective);
  return { good: counted(good, 'good'), total: counted(total, 'total') };
}

function indicatorTexts({ indicator, service }: Pick<Objective, 'indicator' | 'service'>): {
  good: string;
  total: string;
} {
  switch (indicator.kind) {
    case 'events':
      return indicator;
    case 'histogram': {
      const { metric, match, limitSeconds } = indicator;
      const within = [match, `le="${limitSeconds}"`].filter((one) => one !== '').join(',');
      return {
        good: `sum(rate(${metric}_bucket{${within}}[${RATE_RANGE}]))`,
        total: `sum(rate(${metric}_count{${match}}[${RATE_RANGE}]))`,
      };
    }
    case 'availability': {
      const requests = ofService('auspex_service_request_rate', service);
      const failed = `sum(${requests} * ${ofService('auspex_service_error_ratio', service)})`;
      return { good: `sum(${requests}) - (${failed} or vector(0))`, total: `sum(${requests})` };
    }
    case 'latency': {
      const requests = ofService('auspex_service_request_rate', service);
      const within = `(${ofService('auspex_service_latency_seconds', service)} <= bool ${indicator.limitSeconds})`;
      return { good: `sum(${requests} * ${within})`, total: `sum(${requests})` };
    }
  }
}

/** Services are known by the name that they report, or by the job they are scraped by. */
function ofService(metric: string, service: string | null): string {
  if (service === null)
    throw new AuspexError('BAD_REQUEST', 'An objective on the figures of a service needs the name of the service.');
  const name = JSON.stringify(service);
  return `(${metric}{service_name=${name}} or ${metric}{job=${name}})`;
}

function counted(text: string, what: string): Query {
  let query: Query;
  try {
    query = parsePromql(text);
  } catch (thrown) {
    const error = AuspexError.from(thrown);
    throw new AuspexError(error.code, `${what}: ${error.message}`, { data: { ...error.data, field: what } });
  }
  if (query.type === 'vector' || query.type === 'scalar') return query;
  throw new AuspexError('BAD_REQUEST', `${what}: Position 1: one number is expected.`, {
    data: { position: 1, field: what },
  });
}
