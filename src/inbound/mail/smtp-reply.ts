import { oneLine } from '../../fault.ts';

/** An SMTP reply: its code, and its text with the enhanced status code of RFC 3463 in front. */
export interface Reply {
  code: number;
  text: string;
}

const reply = (code: number, text: string): Reply => ({ code, text });

/** RFC 5321 allows 512 bytes for a line; others' words are cut to fit. */
const words = (text: string): string => oneLine(text.replace(/[^\x20-\x7e]+/g, '?'), 400);

/** Everything that this listener says by itself about a mail. Sentences are for the people who read a bounce. */
export const replies = {
  elsewhere: reply(550, '5.7.1 this server takes mail for its own addresses only, and passes nothing on'),
  unknown: reply(550, '5.1.1 there is no such address here; check its spelling'),
  ended: reply(550, '5.1.6 this address is no longer in use; ask for the new one'),
  tooManyMisses: reply(421, '4.7.0 too many unknown addresses; closing the connection'),
  tlsRequired: reply(530, '5.7.0 must issue a STARTTLS command first'),
  tooOften: reply(450, '4.7.1 too many mails within an hour; try again later'),
  tooManyConnections: reply(421, '4.7.0 too many connections from your address; try again in a moment'),
  tooLong: reply(421, '4.4.2 the connection has been open for too long; closing it'),
  stopping: reply(421, '4.3.2 the server is stopping; try again in a moment'),
  forgedEnd: reply(550, '5.6.0 a dot stands alone on a line that does not end in CR LF; send lines that end in CR LF'),
  lost: reply(451, '4.4.2 the connection was lost before the end of the mail'),
  trouble: reply(451, '4.3.0 the server has a problem of its own; try again later'),
  full: reply(452, '4.3.1 the server has no room at the moment; try again later'),
  dnsTrouble: reply(451, '4.4.3 name servers do not answer, so the sender cannot be checked; try again later'),
  tooLarge: (most: number): Reply => reply(552, `5.3.4 the mail is larger than ${most} bytes`),
  notAllowed: (sentence: string): Reply => reply(550, `5.7.1 ${words(sentence)}`),
  accepted: (id: number, refused: number): Reply =>
    reply(250, `2.0.0 accepted as message ${id}${refused > 0 ? `; not allowed for ${refused} of its recipients` : ''}`),
};
