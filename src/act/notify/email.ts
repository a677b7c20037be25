import { isIP } from 'node:net';
import { AuspexError } from '../../errors.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { Delivery, EmailChannel, Message, Sender } from './channel.ts';

/**
 * E-mail over SMTP, text and simple HTML. A message's Message-ID follows from its key, so that a mail server that gets
 * it twice can tell; the message of an alert's end answers the one of its beginning, and mail programs show one thread.
 */
export function emailSender(channel: EmailChannel, outbound: Outbound): Sender {
  const domain = /@([\w.-]+)/.exec(channel.from)?.[1] ?? 'auspex.invalid';
  const idOf = (key: string) => `<${key}@${domain}>`;
  return {
    target: channel.to.join(', '),
    async send(message, signal) {
      try {
        // Connects to the address that was checked, not to the name.
        const address = await outbound.resolve(channel.host, 'configured');
        // Loaded with the first message: who sends no mail need not hold it.
        const { createTransport } = await import('nodemailer');
        const transport = createTransport({
          host: address,
          port: channel.port,
          secure: channel.tls === 'implicit',
          requireTLS: channel.tls === 'starttls',
          ignoreTLS: channel.tls === 'none',
          tls: isIP(channel.host) === 0 ? { servername: channel.host } : {},
          ...(channel.user === null ? {} : { auth: { user: channel.user, pass: channel.password ?? '' } }),
          connectionTimeout: channel.timeout,
          greetingTimeout: channel.timeout,
          socketTimeout: channel.timeout,
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        const sending = transport.sendMail({
          from: channel.from,
          to: [...channel.to],
          subject: message.title,
          text: message.text,
          html: html(message),
          messageId: idOf(message.key),
          ...(message.answers.length === 0
            ? {}
            : { inReplyTo: idOf(message.answers[0] ?? ''), references: message.answers.map(idOf) }),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auspex-Key': message.key },
        });
        const answer = await within(sending, channel.timeout, signal).finally(() => transport.close());
        const rejected = answer.rejected.length;
        return {
          result: 'delivered',
          detail:
            rejected === 0 ? answer.response : `${answer.response}; refused for ${rejected} of ${channel.to.length}`,
        };
      } catch (error) {
        return judge(error, channel);
      }
    },
  };
}

async function within<T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  return await Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const stop = () =>
        reject(new AuspexError('TIMEOUT', `The mail server did not answer within ${timeoutMs / 1000} s.`));
      if (limit.aborted) stop();
      else limit.addEventListener('abort', stop, { once: true });
    }),
  ]);
}

function judge(error: unknown, channel: EmailChannel): Delivery {
  const smtp = error as { responseCode?: number; response?: string; code?: string } | null;
  const status = smtp?.responseCode;
  const words = error instanceof Error ? error.message : String(error);
  const detail = `${channel.host}:${channel.port}: ${words.replaceAll(/\s+/g, ' ').slice(0, 200)}`;
  // 5xx to a recipient or the content; a failed sign-in says nothing of the message.
  const isRefusal = status !== undefined && status >= 500 && smtp?.code !== 'EAUTH';
  return { result: isRefusal ? 'refused' : 'failed', detail };
}

function html(message: Message): string {
  const blocks = message.parts.map((part) => {
    const lines = part.body.split('\n').map(escape).join('<br>');
    return `<h3 style="font:600 15px sans-serif;margin:16px 0 4px">${escape(part.title)}</h3><p style="font:14px/1.5 sans-serif;margin:0">${lines}</p>`;
  });
  return `<!doctype html><html><body>${blocks.join('')}</body></html>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
