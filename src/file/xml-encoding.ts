import { type Bytes, detectEncoding, requireWindows1252, type SourceEncoding } from './decode.ts';
import { badXml } from './xml-record.ts';

const declaration = /^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/;

const declaredIn = async (bytes: Bytes): Promise<string | undefined> => {
  let start = Buffer.alloc(0);
  for await (const chunk of bytes()) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= 400) break;
  }
  return declaration.exec(start.subarray(0, 400).toString('latin1'))?.[1]?.toLowerCase();
};

const utf8 = /^(utf-?8|us-ascii|ascii)$/;
const western = /^(iso-8859-1|latin-?1|windows-1252|cp-?1252)$/;

/**
 * The encoding of an XML file: what its BOM says, else what its declaration says (UTF-8, ISO 8859-1 and Windows-1252 are
 * read; ISO 8859-1 as Windows-1252), else as `detectEncoding` finds it. Throws Fault (refuse) `not-text` as that does,
 * and `bad-xml` for another encoding, or one that the bytes do not fit.
 */
export const detectXmlEncoding = async (
  bytes: Bytes,
): Promise<{ encoding: SourceEncoding; mark: boolean; declared: boolean }> => {
  const found = await detectEncoding(bytes);
  const declared = found.mark ? undefined : await declaredIn(bytes);
  if (declared === undefined) return { ...found, declared: false };
  const save = 'write it as UTF-8 and say so in its first line';
  if (utf8.test(declared)) {
    if (found.encoding !== 'utf-8') throw badXml(`it says that it is ${declared} and is not`, save);
    return { ...found, declared: true };
  }
  if (!western.test(declared)) throw badXml(`its encoding ${declared} is not read`, save);
  await requireWindows1252(bytes);
  return { encoding: 'windows-1252', mark: false, declared: true };
};
