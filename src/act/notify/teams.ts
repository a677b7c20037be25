import { besideFields, formatTime } from './about.ts';
import type { Message, Part, Sender, TeamsChannel } from './channel.ts';
import { postJson, type SenderParts, targetOf } from './post-json.ts';
import { shorten } from './shorten.ts';

/** Teams takes 28 kB, but counts what it makes of a message, which is more than what came. */
const MOST_BYTES = 20_000;
const MOST_TEXT = 2500;
const MOST_TEXT_OF_MANY = 1000;
const MOST_LINES = 40;
const MOST_FACT = 300;

type Element = Readonly<Record<string, unknown>>;

/** A webhook of a Teams workflow. It knows no key of a message: one whose answer was lost stands there twice. */
export function teamsSender(channel: TeamsChannel, parts: SenderParts): Sender {
  return {
    target: targetOf(channel.url),
    send: (message, signal) =>
      postJson(parts, {
        url: channel.url,
        body: JSON.stringify(teamsBody(message, parts.pageUrl)),
        timeoutMs: channel.timeout,
        signal,
      }),
  };
}

/** A message with one Adaptive Card; of many alerts as many as there is room for, and how many are left out. */
export function teamsBody(message: Message, pageUrl: string | null): Element {
  const [only] = message.parts;
  const elements = only !== undefined && message.parts.length === 1 ? [alone(only)] : message.parts.map(oneOfMany);
  let room = MOST_BYTES;
  const full = elements.findIndex((own) => {
    room -= Buffer.byteLength(JSON.stringify(own));
    return room < 0;
  });
  // The first is bounded by its own texts.
  const count = full === -1 ? elements.length : Math.max(1, full);
  const left = elements.length - count;
  return card(
    [
      line([{ text: shorten(message.title, MOST_FACT), size: 'Large', weight: 'Bolder', color: colourOf(message) }]),
      ...elements.slice(0, count).flat(),
      ...(left === 0 ? [] : [line([{ text: `And ${left} more.`, isSubtle: true }], true)]),
    ],
    pageUrl,
  );
}

function card(body: readonly Element[], pageUrl: string | null): Element {
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body,
          ...(pageUrl === null ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Open Auspex', url: pageUrl }] }),
        },
      },
    ],
  };
}

function alone(part: Part): Element[] {
  const { about } = part;
  const facts =
    about === null
      ? []
      : [
          fact('Where', about.entityName),
          fact('What', about.subject),
          fact('Rule', about.rule),
          fact('Since', formatTime(about.startedAt)),
        ];
  return [...textOf(besideFields(part), MOST_TEXT), ...facts];
}

function oneOfMany(part: Part): Element[] {
  return [
    line([{ text: shorten(part.title, MOST_FACT), weight: 'Bolder' }], true),
    ...textOf(part.body, MOST_TEXT_OF_MANY),
  ];
}

function textOf(body: string, limit: number): Element[] {
  const lines = shorten(body, limit).split('\n');
  const shown = lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), '…'];
  return shown.map((text) => line([{ text }]));
}

function fact(name: string, value: string): Element {
  return line([{ text: `${name}: `, weight: 'Bolder' }, { text: shorten(value, MOST_FACT) }]);
}

/** Not a TextBlock: that reads Markdown, and a metric's name would lose its underscores. */
function line(runs: readonly Element[], apart = false): Element {
  return {
    type: 'RichTextBlock',
    ...(apart ? { separator: true, spacing: 'Medium' } : {}),
    inlines: runs.map((run) => ({ type: 'TextRun', ...run })),
  };
}

function colourOf(message: Message): string {
  if (message.parts.every((part) => part.kind === 'resolved')) return 'Good';
  if (message.severity === 'none') return 'Default';
  return message.severity === 'medium' ? 'Warning' : 'Attention';
}
