import { join } from 'node:path';
import type { Batch } from '../outbound/feed/batch.ts';
import type { MailListener } from '../inbound/mail/listener.ts';
import type { Settings } from '../settings/settings.ts';
import type { Web } from '../web/web.ts';
import { plural } from './output.ts';
import { webAddress } from './first-link.ts';
import type { Part } from './parts.ts';

/** What `serve --json` prints once it runs. */
export interface Started {
  parts: readonly Part[];
  feeds: { feed: string; schedule: string; timezone: string; drops: string[] }[];
  drops: { drop: string; place: string }[];
  /** Where mail is taken, and the addresses that are in use. */
  mail: { listen: string; addresses: { eventType: number; address: string }[] } | null;
  web: string | null;
  /** Until somebody of the role ops has signed in: a link to do so, good once and for 15 minutes. */
  signIn: string | null;
  /** The file that was made of the sample, at the very first start. */
  first: { file: string; rows: number } | null;
  data: string;
  pid: number;
}

const placeShown = (settings: Settings): Started['drops'] =>
  [...settings.drops].map(([drop, { spec }]) => ({
    drop,
    place: spec.kind === 'folder' ? spec.folder : `${spec.kind}://${spec.host}:${spec.port}`,
  }));

const mailShown = ({ mail, intakes }: Settings, { host, port }: MailListener): Started['mail'] => ({
  listen: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
  addresses: [...intakes].flatMap(([eventType, { addresses }]) =>
    addresses
      .filter(({ until }) => until === undefined)
      .map(({ local }) => ({ eventType, address: `${local}@${mail?.domain ?? ''}` })),
  ),
});

const firstFile = (settings: Settings, batch: Batch | undefined): Started['first'] => {
  if (!batch) return null;
  const name = settings.feeds.find((feed) => feed.name === batch.feed)?.drops[0];
  const spec = settings.drops.get(name ?? '')?.spec;
  return { file: spec?.kind === 'folder' ? join(spec.folder, batch.fileName) : batch.fileName, rows: batch.rows };
};

export const started = (
  settings: Settings,
  parts: readonly Part[],
  { web, mail }: { web: Web | undefined; mail: MailListener | undefined },
  { first, signIn }: { first: Batch | undefined; signIn: string | undefined },
): Started => ({
  parts,
  feeds: settings.feeds
    .filter((feed) => !feed.retired)
    .map(({ name, schedule, timezone, drops }) => ({ feed: name, schedule, timezone, drops })),
  drops: placeShown(settings),
  mail: mail ? mailShown(settings, mail) : null,
  web: web ? webAddress(web) : null,
  signIn: signIn ?? null,
  first: firstFile(settings, first),
  data: settings.dataFolder,
  pid: process.pid,
});

const mailToTry = ({ eventType }: { eventType: number }): string[] => [
  `  npx nightdrop mail fixtures/submissions/sample.csv --event-type ${eventType}`,
  '                                              mails a file of modifications, as an advertiser would',
  '  npx nightdrop submissions                   what became of it; "submissions show 1" line by line',
];

/** The few lines that a person sees at the start. */
export const announce = ({ parts, feeds, drops, mail, web, signIn, first }: Started): string => {
  const width = Math.max(0, ...feeds.map(({ feed }) => feed.length));
  return [
    `Nightdrop runs (${parts.filter((part) => part !== 'mail' || mail).join(', ')}). Ctrl-C stops it.`,
    ...feeds.map(
      (line) => `  ${line.feed.padEnd(width)}  ${line.schedule} ${line.timezone}, to ${line.drops.join(', ')}`,
    ),
    ...drops.map(({ drop, place }) => `Files for ${drop}: ${place}`),
    ...(first ? [`The first one, in a moment: ${first.file} (${plural(first.rows, 'row')} of the sample)`] : []),
    ...(mail ? [`Takes mail at ${mail.listen}`] : []),
    ...(mail?.addresses.map(({ eventType, address }) => `  files for event type ${eventType}: ${address}`) ?? []),
    ...(web ? [`Console and API: ${web}`] : []),
    ...(signIn ? [`To sign in for the first time, within 15 minutes: ${signIn}`] : []),
    'To try, in another terminal:',
    '  npx nightdrop ledger sample --count 100     more transactions; the next file holds them and nothing else',
    '  npx nightdrop batches                       what was frozen',
    '  npx nightdrop prove                         every transaction is in exactly one file',
    ...(mail?.addresses.slice(0, 1).flatMap(mailToTry) ?? []),
  ].join('\n');
};
