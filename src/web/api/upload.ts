import { Fault } from '../../fault.ts';
import { wrongRequest } from '../problem.ts';
import { type KnownCall, tooLarge } from '../route.ts';

const cutOff = (cause: unknown): Fault =>
  new Fault({
    operation: 'take',
    object: 'the file',
    reason: 'the connection ended before the file did',
    hint: 'send it again; nothing of it was kept',
    next: 'refuse',
    code: 'cut-off',
    cause,
  });

/** Bytes as people say them. */
const inMegabytes = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)} MB`;

async function* bounded(body: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]();
  const next = () =>
    chunks.next().catch((error: unknown) => {
      throw cutOff(error);
    });
  let bytes = 0;
  for (let chunk = await next(); chunk.done !== true; chunk = await next()) {
    bytes += chunk.value.length;
    if (bytes > most) throw tooLarge('the file', inMegabytes(most));
    yield chunk.value;
  }
}

/** The bytes of an upload as they come, at most `most`. Faults `too-large`, `cut-off`. */
export const uploaded = (call: KnownCall, most: number): AsyncGenerator<Buffer> => {
  if (Number(call.header('content-length') ?? 0) > most) throw tooLarge('the file', inMegabytes(most));
  return bounded(call.body, most);
};

/** A file's name as somebody gave it: the last part of a path, at most 200 characters, nothing that moves a cursor. */
export const givenName = (text: string): string => {
  const last = text.toWellFormed().split(/[/\\]/).at(-1) ?? '';
  const name = last.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '').trim();
  if (name === '' || /^\.+$/.test(name)) throw wrongRequest('fileName', 'it names no file', 'for example: returns.csv');
  return name.slice(0, 200).toWellFormed();
};
