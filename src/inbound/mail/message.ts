import { pipeline, type Readable } from 'node:stream';
import { type AttachmentStream, MailParser } from 'mailparser';
import { Fault } from '../../fault.ts';

/** One leaf of a message: a body, an attachment, whatever it carries. */
export interface Part {
  /** Its place: `1`, `2` in order of appearance; `2.1` is the first leaf of the message forwarded in part 2. */
  place: string;
  /** As the mail gives it, decoded; it may hold anything. */
  name: string | undefined;
  /** The content type, in lower case. */
  type: string;
  /** The exact bytes, without their transfer encoding. To be read before the next part; what is left is passed over. */
  content: AsyncIterable<Buffer>;
}

/** What is opened of a message before it is refused as a whole. */
export interface MessageLimits {
  /** Leaves, those of forwarded messages included. */
  parts: number;
  /** How many messages may be forwarded inside one another; deeper ones come as a part of type message/rfc822. */
  forwards: number;
}

export const messageLimits: MessageLimits = { parts: 1000, forwards: 4 };

const unreadable = (reason: string, hint: string, code: string, cause?: unknown): Fault =>
  new Fault({ operation: 'read', object: 'the message', reason, hint, next: 'refuse', code, cause });

const tooManyParts = (cause?: unknown): Fault =>
  unreadable(
    'it has too many parts or too long a header',
    'send the file in a mail of its own',
    'too-many-parts',
    cause,
  );

/** Embedded messages are opened here and not in the parser, which knows no depth; no text is made of bodies. */
const options = {
  ignoreEmbedded: true,
  keepDeliveryStatus: true,
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
};

/** What of the parser is not in its types. With no text types every leaf comes as a stream of its exact bytes, bodies too. */
interface Insides {
  textTypes: string[];
  splitter: { node: { root: boolean } };
}

const makeParser = () => {
  const parser = new MailParser(options);
  const insides = parser as unknown as Insides;
  insides.textTypes = [];
  return { parser, endsInside: () => !insides.splitter.node.root };
};

const explained = <E>(error: E): E | Fault =>
  error instanceof Error && 'code' in error && error.code === 'EMAXLEN' ? tooManyParts(error) : error;

interface Leaf {
  name: string | undefined;
  type: string;
  content: Readable;
}

/** The leaves of one message, forwarded ones unopened. Each is read to its end before the next. */
async function* leavesOf(raw: Readable): AsyncGenerator<Leaf> {
  const { parser, endsInside } = makeParser();
  let content: Readable | undefined;
  // The parser would leave a part that it cannot end waiting for ever.
  parser.on('error', (error: Error) => content?.destroy(explained(error)));
  pipeline(raw, parser, () => undefined);
  try {
    for await (const data of parser as AsyncIterable<AttachmentStream | { type: 'text' }>) {
      if (data.type === 'text') continue;
      content = data.content as Readable;
      content.on('error', () => undefined); // its reader hears of it
      yield { name: data.filename || undefined, type: (data.contentType || '').toLowerCase(), content };
      for await (const rest of content.iterator({ destroyOnReturn: false })) void rest;
      data.release();
    }
  } catch (error) {
    throw explained(error);
  }
  if (endsInside())
    throw unreadable('it ends in the middle of a part', 'it was cut off on its way; send it again', 'cut-off');
}

async function* partsOf(
  raw: Readable,
  limits: MessageLimits,
  at: { prefix: string; depth: number },
): AsyncGenerator<Part> {
  let number = 0;
  for await (const { name, type, content } of leavesOf(raw)) {
    const place = `${at.prefix}${++number}`;
    if (type === 'message/rfc822' && at.depth < limits.forwards)
      yield* partsOf(content, limits, { prefix: `${place}.`, depth: at.depth + 1 });
    else yield { place, name, type, content: content.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer> };
  }
}

/**
 * Reads a raw message leaf by leaf, with the leaves of forwarded messages; memory is that of some chunks, whatever the
 * size. Throws Fault (refuse) `too-many-parts`, and `cut-off` when a part does not end (a half file must not be taken for a
 * whole one); and whatever `raw` fails with.
 */
export async function* readParts(raw: Readable, limits: MessageLimits = messageLimits): AsyncGenerator<Part> {
  let count = 0;
  for await (const part of partsOf(raw, limits, { prefix: '', depth: 0 })) {
    if (++count > limits.parts) throw tooManyParts();
    yield part;
  }
}
