import { besideFields, formatTime } from './about.ts';
import type { Message, Part, Sender, SlackChannel } from './channel.ts';
import { postJson, type SenderParts, targetOf } from './post-json.ts';
import { shorten } from './shorten.ts';

/* Slack's limits, https://docs.slack.dev/reference/block-kit/blocks */
const HEADER = 150;
const SECTION = 3000;
const FIELD = 2000;
const CONTEXT = 2000;
const BLOCKS = 50;
/** Beside the alerts: header, what is left out, context, button. */
const BLOCKS_BESIDE = 4;

const marks = { none: '', medium: '🟡', high: '🟠', critical: '🔴' } as const;

type Block = Readonly<Record<string, unknown>>;

/** An incoming webhook of Slack. It knows no key of a message: one whose answer was lost stands there twice. */
export function slackSender(channel: SlackChannel, parts: SenderParts): Sender {
  return {
    target: targetOf(channel.url),
    send: (message, signal) =>
      postJson(parts, {
        url: channel.url,
        body: JSON.stringify(slackBody(message, parts.pageUrl)),
        timeoutMs: channel.timeout,
        signal,
      }),
  };
}

/** Block Kit, with `text` for what cannot show blocks and for the notification itself. */
export function slackBody(
  message: Message,
  pageUrl: string | null,
): { readonly text: string; readonly blocks: readonly Block[] } {
  const room = BLOCKS - BLOCKS_BESIDE;
  const shown = message.parts.slice(0, room);
  const left = message.parts.slice(room);
  const [only] = message.parts;
  return {
    text: shorten(message.title, SECTION, escape),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: shorten(message.title, HEADER, escape), emoji: true } },
      ...(only !== undefined && message.parts.length === 1 ? [single(only)] : shown.map(oneOfMany)),
      ...(left.length === 0 ? [] : [context(`And ${left.length} more: ${left.map((part) => part.title).join(' · ')}`)]),
      context(contextOf(message)),
      ...(pageUrl === null ? [] : [button(pageUrl)]),
    ],
  };
}

function single(part: Part): Block {
  const { about } = part;
  const fields =
    about === null
      ? []
      : [
          ['Where', about.entityName],
          ['What', about.subject],
          ['Rule', about.rule],
          ['Since', formatTime(about.startedAt)],
        ];
  return {
    type: 'section',
    text: mrkdwn(shorten(besideFields(part), SECTION, escape)),
    ...(fields.length === 0
      ? {}
      : { fields: fields.map(([name, value]) => mrkdwn(`*${name}*\n${shorten(value ?? '', FIELD - 20, escape)}`)) }),
  };
}

function oneOfMany(part: Part): Block {
  const mark = part.kind === 'resolved' ? '🟢' : marks[part.severity];
  const title = shorten(part.title, 300, escape);
  return { type: 'section', text: mrkdwn(`${mark} *${title}*\n${shorten(part.body, SECTION - 320, escape)}`.trim()) };
}

function contextOf(message: Message): string {
  const words = message.parts.every((part) => part.kind === 'resolved') ? 'resolved' : message.severity;
  const [only] = message.parts;
  return message.parts.length === 1 && only?.kind === 'test' ? 'Auspex · test' : `Auspex · ${words}`;
}

function context(text: string): Block {
  return { type: 'context', elements: [mrkdwn(shorten(text, CONTEXT, escape))] };
}

function button(url: string): Block {
  const text = { type: 'plain_text', text: 'Open Auspex' };
  return { type: 'actions', elements: [{ type: 'button', text, url }] };
}

function mrkdwn(text: string): Block {
  return { type: 'mrkdwn', text };
}

/** Slack's three control characters: a name with `<!channel>` in it must call nobody. */
function escape(character: string): string {
  if (character === '&') return '&amp;';
  if (character === '<') return '&lt;';
  return character === '>' ? '&gt;' : character;
}
