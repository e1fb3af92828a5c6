const [dot, cr, lf] = [0x2e, 0x0d, 0x0a];
const isLineEnd = (byte: number | undefined): boolean => byte === cr || byte === lf;

/** Whether the dot at `at` stands alone on a line whose ends are not both CRLF. Needs the two bytes before and after it. */
const isForgedEnd = (bytes: Buffer, at: number): boolean => {
  if (!isLineEnd(bytes[at - 1]) || !isLineEnd(bytes[at + 1])) return false;
  const before = bytes[at - 2] === cr && bytes[at - 1] === lf;
  const after = bytes[at + 1] === cr && bytes[at + 2] === lf;
  return !(before && after);
};

const found = (bytes: Buffer, from: number, to: number): boolean => {
  for (let at = bytes.indexOf(dot, from); at >= 0 && at < to; at = bytes.indexOf(dot, at + 1))
    if (isForgedEnd(bytes, at)) return true;
  return false;
};

/** Enough of what came before to judge a dot at the border of two blocks; a dot in the first half of it was judged. */
const kept = 4;

/**
 * Looks for what another server could take for the end of a mail: a dot alone on a line that ends in a bare CR or LF
 * ("SMTP smuggling": LF.LF, LF.CRLF, CRLF.LF, CR.CR and so on). Takes the mail as the parser gives it, escape dots
 * removed, block by block; true from the block on in which it was found.
 */
export const makeLoneDotWatch = (): ((block: Buffer) => boolean) => {
  let [tail, seen] = [Buffer.from('\r\n'), false];
  return (block) => {
    if (seen) return true;
    const border = Buffer.concat([tail, block.subarray(0, kept)]);
    seen = found(border, 2, border.length - 2) || found(block, 2, block.length - 2);
    tail = Buffer.concat([tail, block.subarray(-kept)]).subarray(-kept);
    return seen;
  };
};
