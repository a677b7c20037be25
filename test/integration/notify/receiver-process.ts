// A receiver in a process of its own, to be killed: takes HTTP or SMTP and behaves as a file says, anew for each message.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { smtpSink } from './receivers.ts';

const [port = '0', journal = '', behaviour = '', protocol = 'http'] = process.argv.slice(2);

/** On disk before it is answered: what a receiver has, it has. */
function keep(message: object, how: string): void {
  appendFileSync(journal, `${JSON.stringify({ ...message, how })}\n`);
}
const howNow = (): string => readFileSync(behaviour, 'utf8').trim();

if (protocol === 'smtp') {
  const sink = await smtpSink(Number(port));
  sink.onMail = (mail) => {
    const how = howNow();
    sink.afterData =
      how === 'ok' ? '250 2.0.0 kept' : how === 'fails' ? '451 4.3.0 try again' : how === 'hangs' ? '' : null;
    keep({ key: mail.headers.get('message-id'), body: mail.source }, how);
  };
} else {
  createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const how = howNow();
      keep({ key: request.headers['idempotency-key'] ?? null, body }, how);
      if (how === 'ok') response.writeHead(202).end('ok');
      else if (how === 'fails') response.writeHead(500).end('sick');
      else if (how === 'busy') response.writeHead(429, { 'retry-after': '1' }).end();
      else if (how !== 'hangs') request.socket.destroy();
    });
  }).listen(Number(port), '127.0.0.1');
}
process.stdout.write('listening\n');
