import { join } from 'node:path';

export interface EdgeSettings {
  readonly folder: string;
  readonly log: string;
  readonly address: string;
  readonly port: number;
  readonly statusPort: number;
  readonly tokenPort: number;
  /** The service's instances behind it; what is `drained` gets no requests. */
  readonly instances: readonly { readonly name: string; readonly port: number }[];
  readonly drained?: string;
}

/**
 * The edge as nginx reads it. `proxy_next_upstream off` and `max_fails=0`: it asks one instance and never the other, so
 * that what an instance does is what a user sees.
 */
export function edgeConfiguration(settings: EdgeSettings): string {
  const { folder, log, address, port, statusPort, tokenPort, instances, drained } = settings;
  const servers = instances.map(
    ({ name, port: at }) => `    server ${address}:${at} max_fails=0${name === drained ? ' down' : ''};`,
  );
  return `daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log ${join(log, 'edge-error.log')} warn;
events { worker_connections 1024; }
http {
  log_format gameday '$time_iso8601 $request_method $uri $status $request_time $upstream_addr $upstream_status $upstream_response_time';
  access_log ${join(log, 'edge-access.log')} gameday;
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  upstream shop {
${servers.join('\n')}
    keepalive 16;
  }
  server {
    listen ${address}:${port} ssl;
    ssl_certificate ${join(folder, 'edge.crt')};
    ssl_certificate_key ${join(folder, 'edge.key')};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_connect_timeout 1s;
    proxy_read_timeout 5s;
    proxy_next_upstream off;
    location /token { proxy_pass http://127.0.0.1:${tokenPort}; }
    location / { proxy_pass http://shop; }
  }
  server {
    listen 127.0.0.1:${statusPort};
    access_log off;
    location = /status { stub_status; }
  }
}
`;
}
