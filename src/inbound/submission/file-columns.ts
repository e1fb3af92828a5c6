import { type Columns, readColumns } from './columns.ts';
import { type ConversionColumns, readConversionColumns } from './conversion-columns.ts';
import { badHeader, bare } from './header.ts';

/** The columns of a submitted file, whatever it asks for. */
export type FileColumns = Columns | ConversionColumns;

export const isConversionFile = (columns: FileColumns): columns is ConversionColumns => 'kind' in columns;

/** Columns that only conversions have, apart from EventDate. */
const ofConversions = ['campaignid', 'programid', 'mediapartnerid', 'mediaid', 'clickid', 'eventcode', 'eventtypecode'];

/**
 * Whether a file changes actions or creates them; its header alone decides. Nobody has the ActionId of an action that is
 * still to be created, so it tells a modification; otherwise EventDate tells a conversion, and Reason a modification.
 * Throws Fault `bad-header` (refuse) when both are there.
 */
export const kindOfFile = (header: readonly string[]): 'modification' | 'conversion' => {
  const names = new Set(header.map(bare));
  if (names.has('actionid')) return 'modification';
  const dated = names.has('eventdate');
  if (dated && names.has('reason'))
    throw badHeader(
      'it has both EventDate, which new orders have, and Reason, which changes have',
      'take Reason out to create orders, or EventDate to change them',
    );
  if (dated) return 'conversion';
  if (names.has('reason') || names.has('dispositioncode')) return 'modification';
  return ofConversions.some((name) => names.has(name)) ? 'conversion' : 'modification';
};

/** Reads the header of a submitted file. Throws Fault `bad-header` (refuse). */
export const readFileColumns = (header: readonly string[]): { columns: FileColumns; notes: string[] } =>
  kindOfFile(header) === 'conversion' ? readConversionColumns(header) : readColumns(header);
