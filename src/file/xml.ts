import { SaxesParser } from 'saxes';
import { Fault } from '../fault.ts';
import { badXml, beyondLimit, type XmlLimits, type XmlRecord, xmlRecordBuilder } from './xml-record.ts';

export const xmlLimits: XmlLimits = { depth: 8, recordLength: 1 << 20, values: 10_000 };

/** Characters that the parser may take without saying anything: it keeps them all. */
const mostPending = 1 << 20;

const damaged = (error: unknown): Fault => {
  const [, line, what] = /^(\d+):\d+: (.*)$/s.exec(error instanceof Error ? error.message : '') ?? [];
  const where = line === undefined ? 'it is damaged' : `line ${line}: ${what ?? ''}`;
  const hint = 'it must be well-formed XML; write it again with a program that knows XML';
  return badXml(where.replace(/\.$/, ''), hint, error);
};

/** What the reader collects from the parser's events. */
interface Hearing {
  ready: XmlRecord[];
  depth: number;
  /** Characters since the parser has said something. */
  pending: number;
  /** Line of the start tag in hand. */
  line: number;
}

const listen = (parser: SaxesParser, limits: XmlLimits, hearing: Hearing): void => {
  const record = xmlRecordBuilder(limits);
  const said = (): void => void (hearing.pending = 0);
  const text = (piece: string): void => (said(), record.text(parser.line, piece));
  parser.on('doctype', () => {
    throw badXml(`line ${parser.line}: it has a DOCTYPE`, 'leave the DOCTYPE out; no entities are read');
  });
  // A line end right behind the name is counted already.
  parser.on('opentagstart', () => void (hearing.line = parser.line - (parser.columnIndex === 0 ? 1 : 0)));
  parser.on('opentag', ({ name, attributes }) => {
    said();
    hearing.depth++;
    if (hearing.depth > limits.depth)
      throw beyondLimit(hearing.line, `more than ${limits.depth} elements are inside one another`);
    if (hearing.depth > 1) record.open(hearing.line, name, attributes as Record<string, string>);
  });
  parser.on('text', text);
  parser.on('cdata', text);
  parser.on('comment', said);
  parser.on('processinginstruction', said);
  parser.on('closetag', () => {
    said();
    hearing.depth--;
    const ended = hearing.depth > 0 ? record.close() : undefined;
    if (ended) hearing.ready.push(ended);
  });
};

const makeReader = (limits: XmlLimits) => {
  const parser: SaxesParser = new SaxesParser();
  const hearing: Hearing = { ready: [], depth: 0, pending: 0, line: 1 };
  listen(parser, limits, hearing);
  const guarded = (work: () => void): XmlRecord[] => {
    try {
      work();
    } catch (error) {
      throw error instanceof Fault ? error : damaged(error);
    }
    return hearing.ready.splice(0);
  };
  return {
    take: (text: string): XmlRecord[] =>
      guarded(() => {
        hearing.pending += text.length;
        parser.write(text);
        if (hearing.pending > mostPending + text.length) throw beyondLimit(parser.line, 'a piece of it does not end');
      }),
    end: (): XmlRecord[] => guarded(() => parser.close()),
  };
};

/**
 * Reads XML (UTF-8, without BOM) record by record: whatever the root is called, its children are the records, and what
 * they hold, as elements or attributes, are their values. Yields in blocks. Nothing but the five named entities and
 * character references is known. Memory is bounded by a record. Throws Fault `bad-xml` (refuse) with the line for
 * anything that is not well-formed, for a DOCTYPE, and beyond the limits; blocks before it were yielded.
 */
export async function* readXml(source: AsyncIterable<Buffer>, limits = xmlLimits): AsyncGenerator<XmlRecord[]> {
  const reader = makeReader(limits);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let any = false;
  for await (const chunk of source) {
    any ||= chunk.length > 0;
    yield reader.take(decoder.decode(chunk, { stream: true }));
  }
  if (any) yield reader.end();
}
