/** What is done to a file before it is sent; each step shows in its name. */
export interface Packing {
  compress: 'none' | 'gzip' | 'zip';
  encrypt: boolean;
}

/** The names of a file on its way. */
export interface PackedNames {
  /** Of what was rendered: inside a zip archive. */
  plain: string;
  /** Of what is encrypted: inside an OpenPGP file, and what gpg gives back. */
  compressed: string;
  /** Of what is sent. */
  sent: string;
}

/** The ending that a step's name must have, in any case of letters, and the one that it gets where it lacks it. */
interface Ending {
  known: RegExp;
  usual: string;
}

const compressed: Record<Packing['compress'], Ending | undefined> = {
  none: undefined,
  gzip: { known: /\.gz$/i, usual: '.gz' },
  zip: { known: /\.zip$/i, usual: '.zip' },
};
const encrypted: Ending = { known: /\.(pgp|gpg)$/i, usual: '.pgp' };

const split = (name: string, ending: Ending | undefined): [string, string] => {
  if (!ending) return [name, ''];
  const found = ending.known.exec(name);
  return found ? [name.slice(0, found.index), found[0]] : [name, ending.usual];
};

/**
 * `a.csv` with gzip and encryption: `a.csv`, `a.csv.gz`, `a.csv.gz.pgp`. An ending that the name already has is kept as
 * it is written; one that it lacks is added in its place. Works on templates too.
 */
export const packedNames = (name: string, { compress, encrypt }: Packing): PackedNames => {
  const [inner, outermost] = split(name, encrypt ? encrypted : undefined);
  const [plain, ending] = split(inner, compressed[compress]);
  return { plain, compressed: plain + ending, sent: plain + ending + outermost };
};
