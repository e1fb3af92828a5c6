import { Fault, type FaultDetails } from '../../fault.ts';
import { type Encoding, missingCharacter } from '../../file/encoding.ts';
import { type FixedColumn, fixedTrouble } from '../../file/fixed-width.ts';

/*
 * A value that its file cannot hold. Nothing is cut or replaced in silence: the feed is held until the value, the
 * layout or the encoding has changed. Messages name transaction, column and character, never the value.
 */

type Trouble = Pick<FaultDetails, 'reason' | 'hint' | 'code'>;

const cellFault = (header: string, trouble: Trouble): Fault =>
  new Fault({ operation: 'write', object: `the column "${header}"`, next: 'hold', ...trouble });

/** Fault `cell-width` (hold) when the text is too long for its column, or has a line break in it. */
export const cellTooWide = (header: string, text: string, column: FixedColumn): Fault | undefined => {
  const reason = fixedTrouble(text, column);
  const hint = 'correct the value, or give the column a rule ("when"), a greater "width" or "overflow: cut"';
  return reason === undefined ? undefined : cellFault(header, { reason, hint, code: 'cell-width' });
};

/** Fault `not-encodable` (hold) for the first of the values that has no bytes in this encoding, if there is one. */
export const cellNotEncodable = (
  headers: readonly string[],
  values: readonly string[],
  encoding: Encoding,
): Fault | undefined => {
  for (const [index, value] of values.entries()) {
    const missing = missingCharacter(value, encoding);
    if (missing === undefined) continue;
    return cellFault(headers[index] ?? '', {
      reason: `${encoding} has no character ${missing}`,
      hint: 'correct the value, give the column a rule ("when"), or write "encoding: utf-8"',
      code: 'not-encodable',
    });
  }
  return undefined;
};

/** The same fault with its transaction, as plain data that can go to another thread. */
export const ofTransaction = (fault: Fault, transactionId: string): FaultDetails => {
  const { operation, object, reason, hint, next, code } = fault;
  return { operation, object: `${object} of transaction ${transactionId}`, reason, hint, next, code };
};
