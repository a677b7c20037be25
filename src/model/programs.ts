/** Programs by the prefix of what their exporters say. */
export const PROGRAMS: Readonly<Record<string, RegExp>> = {
  redis: /redis|valkey/,
  pg: /postgres/,
  mysql: /mysql|mariadb/,
  mongodb: /mongo/,
  memcached: /memcached/,
  rabbitmq: /rabbit|beam/,
};
