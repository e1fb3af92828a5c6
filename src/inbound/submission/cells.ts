import { oneLine } from '../../fault.ts';
import { exponentOf, isCurrency, parseAmount } from '../../money.ts';

/** Why a cell cannot be used: the sentence of the line's outcome, and what to do. */
export interface CellProblem {
  message: string;
  hint: string;
}

/** A cell that was read, or why it could not be. */
export type CellReading<T> = { value: T } | { problem: CellProblem };

const exponent = /^[+-]?\d+([.,]\d+)?E[+-]?\d+$/i;

const asNumbers =
  'Write amounts with a decimal point and nothing else, such as 1234.50. In a spreadsheet: format the column as Number ' +
  'with 2 decimal places and without the thousands separator, in a locale whose decimal separator is the point.';
const asPlainMoney =
  'Leave currency signs out, such as 12.50. In a spreadsheet: format the column as Number instead of Currency or Accounting.';
const asText =
  'The spreadsheet has turned a long number into a rounded one. Format the column as Text before the ids are put in, and ' +
  'take them from their source again.';

const currencySign = /\p{Sc}|^[A-Z]{3}\s|\s[A-Z]{3}$/u;

const amountProblem = (column: string, text: string): CellProblem => {
  const wrong = (why: string, hint: string): CellProblem => ({ message: `${column}: "${text}" ${why}`, hint });
  if (exponent.test(text)) return wrong('is in scientific notation', asNumbers);
  if (currencySign.test(text)) return wrong('has a currency sign', asPlainMoney);
  if (/^[(-]/.test(text)) return wrong('is negative', 'Amount is the final amount of the order; 0 reverses it.');
  if (/^\+/.test(text)) return wrong('has a sign', asNumbers);
  if (/^\d{1,3}([,.'’\s]\d{3})+([.,]\d*)?$/.test(text)) return wrong('has thousands separators', asNumbers);
  if (/^\d+,\d*$/.test(text)) return wrong('has a decimal comma', asNumbers);
  return wrong('is not an amount', asNumbers);
};

const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** Why an amount has more digits than a currency takes; undefined when it has not. */
const digitsProblem = (column: string, amount: string, currency: string): CellProblem | undefined => {
  if (parseAmount(amount, currency) !== undefined) return undefined;
  const hint = `An amount in ${currency} has at most ${exponentOf(currency)} decimals; for another currency give CurrencyCode.`;
  return { message: `${column}: "${amount}" has too many digits for ${currency}`, hint };
};

/** `1.230` may be a thousand: a point and three digits are refused where the currency has not so many decimals. */
const looksGrouped = (text: string, currency: string): boolean =>
  exponentOf(currency) < 3 && /^\d{1,3}\.\d{3}$/.test(text);

/** An exact decimal without sign or separators, as text, with no more decimals than the currency has. */
export const readAmount = (column: string, text: string, currency: string): CellReading<string> => {
  if (!/^\d{1,18}(\.\d{1,18})?$/.test(text)) return { problem: amountProblem(column, cut(text)) };
  const problem = looksGrouped(text, currency) ? amountProblem(column, text) : digitsProblem(column, text, currency);
  return problem ? { problem } : { value: text };
};

/** An ISO 4217 code in any case, in capitals. */
export const readCurrency = (column: string, text: string): CellReading<string> =>
  isCurrency(text.toUpperCase())
    ? { value: text.toUpperCase() }
    : {
        problem: {
          message: `${column}: "${cut(text)}" is not a currency`,
          hint: 'Use its ISO 4217 code, such as USD.',
        },
      };

/** A whole number from 0 on. */
export const readQuantity = (column: string, text: string): CellReading<number> =>
  /^\d{1,9}$/.test(text)
    ? { value: Number(text) }
    : {
        problem: {
          message: `${column}: "${cut(text)}" is not a whole number from 0 on`,
          hint: 'Write the quantity that is left, such as 2; 0 takes the item out of the order.',
        },
      };

/** No id is longer; the database's indexes have room for so much. */
const longestId = 255;

/** An id as it can be kept with a line that is refused, whatever stands in the cell: shortened. */
export const keptId = (text: string): string | null => oneLine(text, longestId) || null;

/** An id as it is; one that is too long to be one, or that a spreadsheet has rounded cannot be told from others and is refused. */
export const readId = (column: string, text: string): CellReading<string> => {
  if (text.length > longestId)
    return {
      problem: {
        message: `${column}: it is longer than ${longestId} characters`,
        hint: 'It must be exactly as it was when the order was reported.',
      },
    };
  const [digits = ''] = text.split(/E/i);
  if (!exponent.test(text) || !text.includes('+') || digits.length === 0) return { value: text };
  return { problem: { message: `${column}: "${cut(text)}" is a rounded number, not an id`, hint: asText } };
};

/** What to say of an id that was not found: what a spreadsheet may have made of it. `known` is one that differs by zeros in front. */
export const lostIdHint = (id: string, known: string | undefined): string | undefined => {
  if (known !== undefined)
    return (
      `The ledger has "${known}": a spreadsheet has taken the zeros in front away. Format the column as Text before the ` +
      'ids are put in, and take them from their source again.'
    );
  if (/^\d{13,}000$/.test(id)) return asText;
  if (/^\d+\.0+$/.test(id))
    return `A program has written the id as a decimal number. Send it as "${id.split('.')[0]}".`;
  return undefined;
};

/** The ids that a spreadsheet would show as this one: the same with zeros in front. Empty when it is no plain number. */
export const withZeros = (id: string): string[] =>
  /^\d{1,20}$/.test(id) ? Array.from({ length: 8 }, (_, i) => '0'.repeat(i + 1) + id) : [];
