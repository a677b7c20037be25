import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: { key: string; status: string; title: string; alerts: { alertId: string; kind: string }[] };
}

/** A real webhook receiver that behaves as told for each request, and can die and come back on its port. */
export async function webhookReceiver() {
  const received: Received[] = [];
  let server: Server | undefined;
  let port = 0;
  const receiver = {
    received,
    behave: (response: ServerResponse, _got: Received): void => void response.end('ok'),
    get url() {
      return `http://127.0.0.1:${port}/hook/canary-path`;
    },
    get port() {
      return port;
    },
    listen: async () => {
      server = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        request.on('end', () => {
          const got = { headers: request.headers, body, json: JSON.parse(body || '{}') as Received['json'] };
          received.push(got);
          receiver.behave(response, got);
        });
      });
      await new Promise<void>((done) => server?.listen(port, '127.0.0.1', done));
      port = (server.address() as AddressInfo).port;
    },
    die: async () => {
      server?.closeAllConnections();
      await new Promise((done) => server?.close(done) ?? done(null));
    },
  };
  await receiver.listen();
  return receiver;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
  readonly source: string;
}

/** A small SMTP server on a real socket: enough of RFC 5321 to take mail from nodemailer. `afterData` may drop the connection instead of answering. */
export async function smtpSink(port = 0) {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  const sink = {
    mails,
    port: 0,
    /** Called before the answer to DATA's end. */
    onMail: (_mail: Mail): void => {},
    /** What is answered to DATA's end; nothing where empty; null hangs up without an answer. */
    afterData: '250 2.0.0 kept' as string | null,
    rcpt: '250 ok',
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  const server: TcpServer = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    const say = (line: string) => socket.write(`${line}\r\n`);
    let from = '';
    let to: string[] = [];
    let data: string | null = null;
    let pending = '';
    const endOfData = (text: string) => {
      const mail = { from, to, headers: headersOf(text), source: text };
      mails.push(mail);
      sink.onMail(mail);
      if (sink.afterData === null) socket.destroy();
      else if (sink.afterData !== '') say(sink.afterData);
    };
    const command = (line: string) => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') say('250-sink\r\n250 8BITMIME');
      else if (verb === 'MAIL') [from, to] = [line, []];
      else if (verb === 'RCPT') to.push(/<(.*)>/.exec(line)?.[1] ?? '');
      else if (verb === 'DATA') data = '';
      if (verb === 'MAIL') say('250 ok');
      else if (verb === 'RCPT') say(sink.rcpt);
      else if (verb === 'DATA') say('354 go on');
      else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else if (verb !== 'EHLO') say('250 ok');
    };
    say('220 sink');
    socket.on('data', (chunk) => {
      pending += chunk.toString('utf8');
      for (;;) {
        if (data !== null) {
          const end = pending.indexOf('\r\n.\r\n');
          if (end === -1) return;
          const text = pending.slice(0, end);
          pending = pending.slice(end + 5);
          data = null;
          endOfData(text);
        } else {
          const end = pending.indexOf('\r\n');
          if (end === -1) return;
          const line = pending.slice(0, end);
          pending = pending.slice(end + 2);
          command(line);
        }
      }
    });
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  sink.port = (server.address() as AddressInfo).port;
  return sink;
}

function headersOf(source: string): Map<string, string> {
  const head = source.slice(0, source.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ');
  return new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
}
