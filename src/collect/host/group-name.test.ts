import { expect, test } from 'vitest';
import { groupName, kernelGroup, needsCommandLine } from './group-name.ts';

test.each([
  ['postgres', 'postgres: checkpointer', 'postgres'],
  ['node', '/usr/bin/node --max-old-space-size=512 /srv/app/server.js --port 80', 'node server.js'],
  ['MainThread', '/usr/bin/node server.js', 'node server.js'],
  ['node', 'node -r dotenv/config index.mjs', 'node index.mjs'],
  ['node', 'node -e process.env.SECRET', 'node'],
  ['python3', 'python3 -m http.server 80', 'python3 http.server'],
  ['python3.11', '/usr/bin/python3.11 -u /opt/worker.py --password=x', 'python3.11 worker.py'],
  ['python3', 'python3 -c import_os', 'python3'],
  ['java', 'java -Xmx4g -cp a.jar:b.jar org.example.Main', 'java org.example.Main'],
  ['java', 'java -jar /opt/kafka/kafka.jar', 'java kafka.jar'],
  ['prometheus-node', '/usr/bin/prometheus-node-exporter --web.x', 'prometheus-node-exporter'],
  ['chromium-browse', 'something else', 'chromium-browse'],
  ['gunicorn', 'gunicorn: master', 'gunicorn'],
  ['evil\u0007', '', 'evil?'],
])('%s run as "%s" is counted as "%s"', (comm, line, expected) => {
  expect(groupName(comm, line.split(' '))).toBe(expected);
});

test('a name stays within 64 characters', () => {
  expect(groupName('node', ['node', `/${'x'.repeat(300)}.js`])).toHaveLength(64);
});

test('command lines are read only for interpreters and names that were cut', () => {
  expect(['node', 'java', 'python3', 'prometheus-node'].map(needsCommandLine)).toEqual([true, true, true, true]);
  expect(['nginx', 'bash', 'postgres'].map(needsCommandLine)).toEqual([false, false, false]);
});

test.each([
  ['kworker/0:1-events', '[kworker]'],
  ['ksoftirqd/1', '[ksoftirqd]'],
  ['jbd2/vda1-8', '[jbd]'],
  ['kthreadd', '[kthreadd]'],
])('kernel thread %s is counted as %s', (comm, expected) => {
  expect(kernelGroup(comm)).toBe(expected);
});
