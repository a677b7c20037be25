/**
 * A link that can be made slow: passes connections on and holds each piece of the way back as many milliseconds as the
 * file DELAY_FILE says (looked at four times a second; none is none). Environment: HOST, PORT, TARGET_PORT, DELAY_FILE.
 */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const { HOST = '127.0.0.1', PORT = '0', TARGET_PORT = '0', DELAY_FILE = '' } = process.env;
let delay = 0;
setInterval(() => {
  try {
    delay = Number(readFileSync(DELAY_FILE, 'utf8')) || 0;
  } catch {
    delay = 0;
  }
}, 250).unref();

createServer((client) => {
  const target = connect(Number(TARGET_PORT), HOST);
  client.pipe(target);
  target.on('data', (piece) => setTimeout(() => client.writable && client.write(piece), delay));
  target.on('end', () => setTimeout(() => client.end(), delay));
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
  client.on('close', () => target.destroy());
}).listen(Number(PORT), HOST);
process.on('SIGTERM', () => process.exit(0));
