import { startDemonstration } from '../../compose-demo.ts';
import { createLogger } from '../../telemetry/log.ts';
import type { GlobalOptions } from '../connect.ts';
import { exitCodes, type Output } from '../output.ts';

/** `auspex demo`: a recorded fault, live on a page of its own, until a signal. */
export async function demo(output: Output, globals: GlobalOptions, options: { speed: number }): Promise<number> {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        stopping.abort();
        resolve();
      });
  });
  output.say('DEMONSTRATION. Learning what was normal there, which takes some seconds …');
  const log = createLogger(globals.verbose === true ? 'info' : 'error');
  const demonstration = await startDemonstration({ speed: options.speed, log, signal: stopping.signal });
  try {
    const { auspex, fault } = demonstration;
    const link = await auspex.signInLink();
    output.data({ demonstration: true, url: auspex.url, signIn: link, fault }, () =>
      output.print(
        `\n  Open     ${link}\n  (valid once; kept apart from your Auspex, and removed at the end)\n\n  Recorded ${fault}\n`,
      ),
    );
    const told = new Set<string>();
    const { stop } = auspex.engine.subscribe(null, (event) => {
      if (event.topic !== 'incidents' || event.incident.toldAt === null || told.has(event.incident.id)) return;
      told.add(event.incident.id);
      output.say(`Incident: ${event.incident.title}`);
    });
    await demonstration.show(stopping.signal);
    stop();
    if (!stopping.signal.aborted)
      output.say('The recording is over and time stands still: look around on the page. Ctrl-C ends it.');
    await stopped;
    output.say('Stopping: what the demonstration wrote is removed.');
    return exitCodes.fine;
  } finally {
    await demonstration.close();
  }
}
