/** A column of a fixed-width file. */
export interface FixedColumn {
  /** Characters (Unicode code points), not bytes. */
  width: number;
  /** Where the value stands; left without it. */
  align?: 'left' | 'right';
  /** One character that fills the rest; a space without it. */
  pad?: string;
  /** What becomes of a value that is too long; refused without it. */
  overflow?: 'refuse' | 'cut';
}

const lengthOf = (text: string): number => (/[\ud800-\udfff]/.test(text) ? [...text].length : text.length);

const cut = (text: string, width: number): string =>
  /[\ud800-\udfff]/.test(text) ? [...text].slice(0, width).join('') : text.slice(0, width);

/** Before zeros a sign comes first: `-12.50` becomes `-0012.50`, never `00-12.50`. */
const fillBefore = (text: string, fill: string, pad: string): string =>
  pad === '0' && /^[+-]\d/.test(text) ? text.slice(0, 1) + fill + text.slice(1) : fill + text;

/** Why the column cannot hold the text; undefined when it can. A line break would end the row in its middle. */
export const fixedTrouble = (text: string, { width, overflow }: FixedColumn): string | undefined => {
  if (/[\r\n]/.test(text)) return 'the value contains a line break, which would end the row';
  const length = lengthOf(text);
  return length > width && overflow !== 'cut' ? `the value has ${length} characters, ${width} fit` : undefined;
};

/** Writes values as wide as their column. Undefined where `fixedTrouble` says why it cannot be. */
export const fixedCell = (column: FixedColumn): ((text: string) => string | undefined) => {
  const { width, align = 'left', pad = ' ', overflow } = column;
  return (text) => {
    if (/[\r\n]/.test(text)) return undefined;
    const room = width - lengthOf(text);
    if (room < 0) return overflow === 'cut' ? cut(text, width) : undefined;
    return align === 'left' ? text + pad.repeat(room) : fillBefore(text, pad.repeat(room), pad);
  };
};
