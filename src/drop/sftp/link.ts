import type { SFTPWrapper } from 'ssh2';
import type { Line } from '../line.ts';

/** A signed-in connection with its SFTP channel. */
export interface Link {
  readonly line: Line;
  readonly sftp: SFTPWrapper;
  /** The longest write and read the server takes, in bytes. */
  readonly writeBytes: number;
  readonly readBytes: number;
  /** Whether the server offers this extension of SFTP, such as `fsync@openssh.com`. */
  offers(extension: string): boolean;
}

/** What ssh2 knows about the server and its types do not say. */
interface Inside {
  _extensions?: Record<string, string>;
  _maxWriteLen?: number;
  _maxReadLen?: number;
}

/** 255 KB, what OpenSSH takes in one request. */
const longest = 261_120;
/** What any SFTP server takes (draft-ietf-secsh-filexfer-02, 3). */
export const plainBytes = 32_768;

export const makeLink = (line: Line, sftp: SFTPWrapper): Link => {
  const inside = sftp as unknown as Inside;
  const gone = () => line.end(new Error('the SFTP channel ended: No response from server'));
  sftp.on('error', (error: unknown) => line.end(error));
  sftp.on('close', gone);
  sftp.on('end', gone);
  return {
    line,
    sftp,
    writeBytes: Math.min(longest, inside._maxWriteLen ?? plainBytes),
    readBytes: Math.min(longest, inside._maxReadLen ?? plainBytes),
    offers: (extension) => inside._extensions?.[extension] !== undefined,
  };
};
