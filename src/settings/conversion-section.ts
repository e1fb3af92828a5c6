import { z } from 'zod';
import { type ConversionRule, defaultConversions } from '../ledger/event-type.ts';
import type { PartnerDraft } from './partner-file.ts';
import { type Reading, report, valueAt } from './problem.ts';
import { leaf, read, strict, whole, Wrong } from './shape.ts';
import { duration } from './values.ts';

/** As it stands in conversion files: a whole number of at most 10 digits. */
const campaignId = leaf((value): string | Wrong => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,10}$/.test(text)
    ? text
    : new Wrong('is not a CampaignId', 'write a whole number of at most 10 digits');
});

const shape = strict({
  campaigns: z.array(campaignId).default([]),
  chainedTo: z.array(whole(1, 999_999_999_999_999)).default([]),
  maxAge: duration.default(defaultConversions.maxAge),
  maxAgeWithPartner: duration.default(defaultConversions.maxAgeWithPartner),
});

/** What an event type's section `conversions` says; who the partners are is in other files. */
export type ConversionSection = Omit<ConversionRule, 'partners' | 'activePartners'>;

/** Reads the section; everything in it may be left out. */
export const readConversionSection = (reading: Reading): ConversionSection | undefined => {
  const { partners, activePartners, ...standard } = defaultConversions;
  if (valueAt(reading.raw, ['conversions']) === undefined) return standard;
  const all = read(reading, ['conversions'], shape).whole;
  if (all && all.maxAgeWithPartner < all.maxAge)
    report(
      reading,
      ['conversions', 'maxAgeWithPartner'],
      'is shorter than maxAge',
      'an event whose partner is named may be older than one without',
    );
  return all;
};

/** Reports event types in `chainedTo` that have no file. */
export const checkChains = (
  drafts: readonly { reading: Reading; file: { conversions: ConversionSection } | undefined }[],
  ids: ReadonlySet<number>,
): void => {
  for (const { reading, file } of drafts)
    for (const [index, id] of (file?.conversions.chainedTo ?? []).entries())
      if (!ids.has(id)) {
        const path = ['conversions', 'chainedTo', index];
        report(reading, path, `the event type ${id} is not defined`, `add event-types/${id}.yaml, or take it out`);
      }
};

/** Whom conversion files may name, the same for all event types. */
export const partnerRule = (
  partners: readonly PartnerDraft[],
): Pick<ConversionRule, 'partners' | 'activePartners'> => ({
  partners: new Map(partners.flatMap(({ name, ids }) => ids.map((id): [string, string] => [id, name]))),
  activePartners: new Set(partners.flatMap(({ name, active }) => (active ? [name] : []))),
});
