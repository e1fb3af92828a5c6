import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The raw mails of `mails.py`, by name. */
export const readMails = (): Map<string, Buffer> => {
  const script = fileURLToPath(new URL('mails.py', import.meta.url));
  const output = execFileSync('python3', [script], { maxBuffer: 1 << 28 }).toString();
  const mails = JSON.parse(output) as Record<string, string>;
  return new Map(Object.entries(mails).map(([name, raw]) => [name, Buffer.from(raw, 'base64')]));
};

/** What `mails.py` puts into its files. */
export const csvText = 'OrderId,ActionTrackerId,Amount,Reason\r\nA,4521,10,OTHER\r\n';
