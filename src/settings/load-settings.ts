import { resolve } from 'node:path';
import { checkPartners, reportTwice } from './across.ts';
import { type ConfigFile, readConfigFolder } from './config-folder.ts';
import { checkChains, partnerRule } from './conversion-section.ts';
import { type EventTypeFile, readEventTypeFile } from './event-type-file.ts';
import { readNightdropFile } from './nightdrop-file.ts';
import { type PartnerDraft, readPartnerFile } from './partner-file.ts';
import { type Problem, type Reading, report, valueAt } from './problem.ts';
import type { NightdropFile, Partner, Settings } from './settings.ts';
import { checkSpoolApart } from './spool-apart.ts';
import { nameProblem } from './values.ts';

/** Where the configuration is and what it may draw on. Relative folders are relative to the working folder. */
export interface Sources {
  configFolder: string;
  dataFolder: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  now: number;
}

/** The checked configuration, or everything that is wrong with it. */
export type Loaded = { ok: true; settings: Settings } | { ok: false; problems: Problem[] };

const readPartner = ({ reading, baseName }: ConfigFile): PartnerDraft => {
  const problem = nameProblem(baseName);
  if (problem) report(reading, [], problem.message, `${problem.hint}; the file is named for the partner`, baseName);
  return readPartnerFile(reading, baseName);
};

interface EventTypeDraft {
  reading: Reading;
  id: number;
  file: EventTypeFile | undefined;
}

const readEventType = ({ reading, baseName }: ConfigFile): EventTypeDraft[] => {
  if (/^[1-9]\d{0,14}$/.test(baseName)) {
    const id = Number(baseName);
    return [{ reading, id, file: reading.raw === undefined ? undefined : readEventTypeFile(reading, id) }];
  }
  report(
    reading,
    [],
    'the name of the file is not the id of an event type',
    'name it event-types/<id>.yaml; for example: 4521.yaml',
    baseName,
  );
  readEventTypeFile(reading, 0);
  return [];
};

const checkAddressesOnce = (drafts: readonly EventTypeDraft[]): void => {
  const all = drafts.flatMap(({ reading, file }) =>
    (file?.intake.addresses ?? []).map(({ local }, index) => {
      const listed = Array.isArray(valueAt(reading.raw, ['address']));
      // Mail servers treat the local part without regard to case, so we do too.
      return { reading, path: listed ? ['address', index, 'local'] : ['address'], name: local.toLowerCase() };
    }),
  );
  reportTwice(all, 'address', 'each event type needs an address of its own');
};

/** An answer goes out through the relay, so there must be one. */
const checkReplies = (drafts: readonly EventTypeDraft[], { mail }: NightdropFile): void => {
  if (mail?.relay) return;
  for (const { reading, file } of drafts)
    if (file && file.intake.reply !== 'none')
      report(reading, ['reply'], 'needs a relay that sends the answers', 'write mail.relay into nightdrop.yaml');
};

const settingsOf = (
  folders: { configFolder: string; dataFolder: string },
  file: NightdropFile,
  partners: readonly PartnerDraft[],
  eventTypes: readonly EventTypeDraft[],
): Settings => {
  const feedsOf = (partner: PartnerDraft) => partner.feeds.flatMap(({ feed }) => feed ?? []);
  const named = partnerRule(partners);
  const known = eventTypes.flatMap(({ id, file: one }) => (one ? [{ id, ...one }] : []));
  return {
    ...file,
    ...folders,
    partners: partners.map((one): Partner => {
      const { name, title, ids, contact } = one;
      const drops = one.drops.map((drop) => drop.name);
      return { name, title, ids, ...(contact === undefined ? {} : { contact }), feeds: feedsOf(one), drops };
    }),
    feeds: partners.flatMap(feedsOf),
    drops: new Map(partners.flatMap((one) => one.drops.flatMap(({ name, plan }) => (plan ? [[name, plan]] : [])))),
    eventTypes: new Map(
      known.map(({ id, eventType, conversions }) => [id, { ...eventType, conversions: { ...conversions, ...named } }]),
    ),
    intakes: new Map(known.map(({ id, intake }) => [id, intake])),
    inboxes: new Map(known.flatMap(({ id, inbox }) => (inbox ? [[id, inbox]] : []))),
  };
};

const bySource = (files: readonly ConfigFile[]) => (a: Problem, b: Problem) => {
  const place = ({ file }: Problem) => files.findIndex(({ reading }) => reading.file === file);
  return place(a) - place(b);
};

/** Reads and checks the whole configuration: every file, every problem at once. Throws nothing for what is in it. */
export const loadSettings = async ({ configFolder, dataFolder, env, now }: Sources): Promise<Loaded> => {
  const folders = { configFolder: resolve(configFolder), dataFolder: resolve(dataFolder) };
  const problems: Problem[] = [];
  const context = { env, dataFolder: folders.dataFolder, problems, now, later: [] as Reading['later'] };
  const files = readConfigFolder(folders.configFolder, context);
  const readable = files.filter(({ reading }) => reading.raw !== undefined);
  const main = readable.find(({ kind }) => kind === 'nightdrop');
  const nightdrop = main && readNightdropFile(main.reading);
  const partners = readable.filter(({ kind }) => kind === 'partner').map(readPartner);
  const eventTypes = files.filter(({ kind }) => kind === 'event-type').flatMap(readEventType);
  checkPartners(partners, new Set(eventTypes.map(({ id }) => id)));
  checkAddressesOnce(eventTypes);
  checkChains(eventTypes, new Set(eventTypes.map(({ id }) => id)));
  if (nightdrop) checkReplies(eventTypes, nightdrop);
  if (main && nightdrop) checkSpoolApart(main.reading, nightdrop, partners);
  for (const check of context.later) await check();
  if (problems.length > 0 || !nightdrop) return { ok: false, problems: problems.sort(bySource(files)) };
  return { ok: true, settings: settingsOf(folders, nightdrop, partners, eventTypes) };
};
