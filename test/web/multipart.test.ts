import { expect, test } from 'vitest';
import { fileInForm } from '../../src/web/multipart.ts';

const boundary = '----nightdrop';
const type = `multipart/form-data; boundary=${boundary}`;

const formOf = (content: Buffer, name = 'a.csv', behind = ''): Buffer =>
  Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="word"\r\n\r\nsomething\r\n`),
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n`),
    Buffer.from('Content-Type: text/csv\r\n\r\n'),
    content,
    Buffer.from(`\r\n--${boundary}${behind}--\r\n`),
  ]);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const read = async (source: AsyncIterable<Buffer>, contentType = type): Promise<{ name: string; content: string }> => {
  const { fileName, bytes } = await fileInForm(source, contentType);
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return { name: fileName, content: Buffer.concat(pieces).toString('latin1') };
};

test('the file comes out byte for byte, wherever the form is cut into pieces', async () => {
  const close = `a\r\n--${boundary.slice(0, 5)}\r\n\r\n--\r\n-\u0000\u00ff\r`;
  const form = formOf(Buffer.from(close, 'latin1'));
  for (let size = 1; size <= form.length; size++)
    expect(await read(inPieces(form, size)), `pieces of ${size} bytes`).toEqual({ name: 'a.csv', content: close });
});

test('an empty file is one, and a quoted boundary is the same', async () => {
  const form = formOf(Buffer.alloc(0));
  expect(await read(inPieces(form, 7), `multipart/form-data; boundary="${boundary}"`)).toMatchObject({ content: '' });
});

test('a name is as the browser wrote it', async () => {
  const { name } = await read(inPieces(formOf(Buffer.from('x'), 'März %22x%22%0D%0A.csv'), 9));
  expect(name).toBe('März "x"  .csv');
});

test('a form that is cut off, holds no file, or is none is refused', async () => {
  const form = formOf(Buffer.from('1,2,3'));
  for (const end of [20, 150, form.length - 20])
    await expect(read(inPieces(form.subarray(0, end), 11))).rejects.toMatchObject({ code: 'usage' });
  const without = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--${boundary}--\r\n`,
  );
  await expect(read(inPieces(without, 11))).rejects.toMatchObject({ code: 'usage' });
  await expect(read(inPieces(form, 11), 'text/csv')).rejects.toMatchObject({ code: 'usage' });
  const long = formOf(Buffer.from('x'), 'n'.repeat(20_000));
  await expect(read(inPieces(long, 1000))).rejects.toMatchObject({ code: 'usage' });
});

test('what is not yet asked for is not yet read', async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    yield formOf(Buffer.from('begin')).subarray(0, -20);
    for (;;) yield await Promise.resolve(Buffer.alloc(65_536, ++given % 250));
  }
  const { bytes } = await fileInForm(endless(), type);
  let taken = 0;
  for await (const { length } of bytes) {
    taken += length;
    expect(given * 65_536 - taken).toBeLessThanOrEqual(65_536);
    if (taken > 1 << 20) break;
  }
});
