import { expect, test } from 'vitest';
import { packedNames } from '../../src/file/packed-name.ts';

test.each([
  ['a.csv', 'none', false, ['a.csv', 'a.csv', 'a.csv']],
  ['a.csv', 'gzip', false, ['a.csv', 'a.csv.gz', 'a.csv.gz']],
  ['a.csv.GZ', 'gzip', false, ['a.csv', 'a.csv.GZ', 'a.csv.GZ']],
  ['a.csv', 'zip', false, ['a.csv', 'a.csv.zip', 'a.csv.zip']],
  ['a.zip', 'zip', false, ['a', 'a.zip', 'a.zip']],
  ['a.csv', 'none', true, ['a.csv', 'a.csv', 'a.csv.pgp']],
  ['a.csv.gpg', 'none', true, ['a.csv', 'a.csv', 'a.csv.gpg']],
  ['a.csv', 'gzip', true, ['a.csv', 'a.csv.gz', 'a.csv.gz.pgp']],
  ['a.csv.zip', 'zip', true, ['a.csv', 'a.csv.zip', 'a.csv.zip.pgp']],
  ['a.csv.pgp', 'gzip', true, ['a.csv', 'a.csv.gz', 'a.csv.gz.pgp']],
  ['a.gz', 'none', false, ['a.gz', 'a.gz', 'a.gz']],
  ['a.pgp', 'none', false, ['a.pgp', 'a.pgp', 'a.pgp']],
  ['acme_{number}', 'zip', true, ['acme_{number}', 'acme_{number}.zip', 'acme_{number}.zip.pgp']],
] as const)('%s, compress %s, encrypt %s', (name, compress, encrypt, [plain, compressed, sent]) => {
  expect(packedNames(name, { compress, encrypt })).toEqual({ plain, compressed, sent });
  // What is named already keeps its name.
  expect(packedNames(sent, { compress, encrypt })).toEqual({ plain, compressed, sent });
});
