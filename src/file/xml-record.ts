import { Fault } from '../fault.ts';

/** A value with the name of its element or attribute, without a namespace's prefix. */
export interface XmlValue {
  name: string;
  text: string;
}

/** An element inside a record that holds values itself. */
export interface XmlGroup {
  /** Line of its start tag, from 1. */
  line: number;
  values: XmlValue[];
}

/** A child of the root. */
export interface XmlRecord extends XmlGroup {
  /** Elements inside it that hold values, at any depth, in the order of their ends. */
  groups: XmlGroup[];
  /** Why the record cannot be used, in a sentence; undefined for a good one. */
  trouble: string | undefined;
}

export interface XmlLimits {
  /** Elements inside one another, the root included. */
  depth: number;
  /** Characters of a record's values. */
  recordLength: number;
  /** Elements and attributes of a record. */
  values: number;
}

export const badXml = (reason: string, hint: string, cause?: unknown): Fault =>
  new Fault({ operation: 'read', object: 'the file', reason, hint, next: 'refuse', code: 'bad-xml', cause });

export const beyondLimit = (line: number, what: string): Fault =>
  badXml(`line ${line}: ${what}`, 'write each order as a record of its own: <Root><Record>…</Record></Root>');

/** An element that is open. */
interface Frame extends XmlGroup {
  name: string;
  attributes: number;
  text: string;
  hasChildren: boolean;
}

/** The record in hand. */
interface Growing {
  frames: Frame[];
  groups: XmlGroup[];
  trouble: string | undefined;
  length: number;
  count: number;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

const valuesOf = (attributes: Readonly<Record<string, string>>): XmlValue[] => {
  const values: XmlValue[] = [];
  for (const name in attributes)
    if (!/^(xmlns|xsi|xml)(:|$)/.test(name)) values.push({ name: localName(name), text: attributes[name] ?? '' });
  return values;
};

const weigh = (growing: Growing, line: number, limits: XmlLimits, { count = 0, length = 0 }): void => {
  growing.count += count;
  growing.length += length;
  if (growing.count > limits.values) throw beyondLimit(line, `a record has more than ${limits.values} values`);
  if (growing.length > limits.recordLength)
    throw beyondLimit(line, `a record is longer than ${limits.recordLength} characters`);
};

/** An element with text, or with nothing at all, is a value of the one around it, and its attributes are beside it. */
const closeInner = (growing: Growing, frame: Frame, parent: Frame): void => {
  const hasText = frame.text.trim() !== '';
  if (frame.hasChildren && hasText) growing.trouble ??= `there is text between the elements of ${frame.name}`;
  const isValue = !frame.hasChildren && (hasText || frame.attributes === 0);
  if (isValue) parent.values.push({ name: frame.name, text: frame.text }, ...frame.values);
  else if (frame.values.length > 0) growing.groups.push({ line: frame.line, values: frame.values });
};

const closeRecord = ({ groups, trouble }: Growing, { line, name, values, text }: Frame): XmlRecord => {
  const stray = text.trim() === '' ? undefined : `there is text in ${name} outside of its values`;
  return { line, values, groups, trouble: trouble ?? stray };
};

const nothingYet = (): Growing => ({ frames: [], groups: [], trouble: undefined, length: 0, count: 0 });

/** Puts the elements inside the root together to records. Throws Fault `bad-xml` beyond the limits. */
export const xmlRecordBuilder = (limits: XmlLimits) => {
  let growing = nothingYet();
  return {
    open: (line: number, name: string, attributes: Readonly<Record<string, string>>): void => {
      const parent = growing.frames.at(-1);
      if (parent) parent.hasChildren = true;
      else growing = nothingYet();
      const values = valuesOf(attributes);
      const length = values.reduce((sum, { text }) => sum + text.length, 0);
      weigh(growing, line, limits, { count: values.length + 1, length });
      const frame = { name: localName(name), line, values, attributes: values.length, text: '', hasChildren: false };
      growing.frames.push(frame);
    },
    text: (line: number, piece: string): void => {
      const frame = growing.frames.at(-1);
      if (!frame && piece.trim() !== '') throw beyondLimit(line, 'there is text outside of records');
      if (!frame) return;
      weigh(growing, line, limits, { length: piece.length });
      frame.text += piece;
    },
    /** The record that has ended, if one has. */
    close: (): XmlRecord | undefined => {
      const frame = growing.frames.pop();
      const parent = growing.frames.at(-1);
      if (frame && parent) closeInner(growing, frame, parent);
      return frame && !parent ? closeRecord(growing, frame) : undefined;
    },
  };
};
