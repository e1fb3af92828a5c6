/** Writes rows as JSON objects, one a line. */
export interface NdjsonEncoder {
  /** One object with the keys in their order, every value a string; with its line end. */
  row(cells: readonly string[]): string;
}

/**
 * Newline-delimited JSON (RFC 8259 objects, one a line). U+0085, U+2028 and U+2029 are escaped: JSON allows them, but to a
 * reader that knows Unicode's line ends they end the line.
 */
export const ndjsonEncoder = (keys: readonly string[], lineEnd: string): NdjsonEncoder => {
  const before = keys.map((key, i) => `${i === 0 ? '{' : ','}${jsonText(key)}:`);
  return {
    row: (cells) => {
      let line = '';
      for (let i = 0; i < before.length; i++) line += (before[i] ?? '') + JSON.stringify(cells[i] ?? '');
      return escapeLineEnds(line) + '}' + lineEnd;
    },
  };
};

const escapeLineEnds = (json: string): string =>
  /[\u0085\u2028\u2029]/.test(json)
    ? json.replace(/[\u0085\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;

const jsonText = (text: string): string => escapeLineEnds(JSON.stringify(text));
