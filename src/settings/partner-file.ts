import { z } from 'zod';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import { readDropSection } from './drop-section.ts';
import { type FeedDraft, readFeedSection } from './feed-section.ts';
import { type Path, type Reading, report } from './problem.ts';
import { namesIn, read, strict, text, yesNo } from './shape.ts';
import { idText, mailAddress, nameProblem } from './values.ts';

/** A drop as far as it could be read. */
export interface DropDraft {
  reading: Reading;
  path: Path;
  name: string;
  partner: string;
  plan: DropPlan | undefined;
}

/** What one file of `partners/` says, as far as it could be read. */
export interface PartnerDraft {
  reading: Reading;
  name: string;
  title: string;
  ids: string[];
  /** Whether conversion files may still name it. */
  active: boolean;
  contact: string | undefined;
  feeds: FeedDraft[];
  drops: DropDraft[];
}

const named = z.record(z.string(), z.unknown());
const shape = strict({
  name: text('Acme Travel').optional(),
  ids: z.array(idText).default([]),
  active: yesNo.default(true),
  contact: mailAddress(false).optional(),
  feeds: named.default({}),
  drops: named.default({}),
});

const checkName = (reading: Reading, path: Path, name: string): void => {
  const problem = nameProblem(name);
  if (problem) report(reading, path, problem.message, problem.hint, name);
};

/** Reads `partners/<name>.yaml`. */
export const readPartnerFile = (reading: Reading, name: string): PartnerDraft => {
  const { good } = read(reading, [], shape);
  const feeds = namesIn(reading, 'feeds').map((feed) => {
    checkName(reading, ['feeds', feed], feed);
    return readFeedSection(reading, ['feeds', feed], feed, name);
  });
  const drops = namesIn(reading, 'drops').map((drop) => {
    const path = ['drops', drop];
    checkName(reading, path, drop);
    return { reading, path, name: drop, partner: name, plan: readDropSection(reading, path, drop) };
  });
  const { ids = [], active = true, contact } = good;
  return { reading, name, title: good.name ?? name, ids, active, contact, feeds, drops };
};
