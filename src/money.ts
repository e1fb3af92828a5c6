/** Minor units of a currency: cents for USD, yen for JPY, fils for BHD. Never a float. */
export type Minor = bigint;

const exponents = new Map<string, number>();

const known = new Set(Intl.supportedValuesOf('currency'));

/** Whether `code` is a currency that Intl knows by its ISO 4217 code. */
export const isCurrency = (code: string): boolean => known.has(code);

/** Decimals of a currency (USD 2, JPY 0, BHD 3). The code must be one that `isCurrency` accepts. */
export const exponentOf = (currency: string): number => {
  let exponent = exponents.get(currency);
  if (exponent === undefined) {
    const options = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
    exponent = options.maximumFractionDigits ?? 2;
    exponents.set(currency, exponent);
  }
  return exponent;
};

/** The widest amount that is accepted, in minor units: 18 digits, so that it fits a database's 64-bit integer. */
const maxDigits = 18;

/**
 * An exact decimal such as `12.5`, `-0.99` or `1200` as minor units; undefined when it is anything else
 * (signs other than a leading minus, separators, currency signs, exponents) or has more decimals than the currency.
 */
export const parseAmount = (text: string, currency: string): Minor | undefined => {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const exponent = exponentOf(currency);
  const kept = fraction.slice(0, exponent).padEnd(exponent, '0');
  if (/[1-9]/.test(fraction.slice(exponent))) return undefined;
  const digits = (whole + kept).replace(/^0+(?=\d)/, '');
  return digits.length > maxDigits ? undefined : BigInt(sign + digits);
};

/** Minor units, given as decimal digits, with the currency's decimals: ("1250", 2) → "12.50". The hot path's form. */
export const formatDigits = (digits: string, exponent: number): string => {
  if (exponent === 0) return digits;
  const negative = digits.charCodeAt(0) === 45;
  const bare = negative ? digits.slice(1) : digits;
  const padded = bare.length > exponent ? bare : bare.padStart(exponent + 1, '0');
  const cut = padded.length - exponent;
  return `${negative ? '-' : ''}${padded.slice(0, cut)}.${padded.slice(cut)}`;
};

/** Minor units as a decimal with the currency's decimals. */
export const formatAmount = (amount: Minor, currency: string): string =>
  formatDigits(String(amount), exponentOf(currency));
