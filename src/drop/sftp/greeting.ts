import { DropFault } from '../drop.ts';
import { faultOf, meanings, type Step } from '../fault-table.ts';

/** What a server says before anything is agreed on: its version, with lines before it if it likes (RFC 4253, 4.2). */
export interface Greeting {
  hear(bytes: Buffer): void;
  /** What the server calls itself: `OpenSSH_9.6` of `SSH-2.0-OpenSSH_9.6`. */
  software(): string | undefined;
  /** A server that hangs up instead of greeting may have said that it is `busy`; anything else stays as it is. */
  explain(error: unknown, step: Step): unknown;
}

/** Of a greeting no more is kept. */
const mostBytes = 1024;

const isCut = (error: unknown): boolean => error instanceof DropFault && error.code === 'cut';

export const makeGreeting = (): Greeting => {
  let heard = '';
  const software = (): string | undefined => /^SSH-[\d.]+-([\x21-\x7e ]+)/m.exec(heard)?.[1]?.trim();
  return {
    hear: (bytes) => {
      if (heard.length < mostBytes) heard += bytes.toString('latin1', 0, mostBytes);
    },
    software,
    explain: (error, step) => {
      const said = /startups|too many|maximum|limit|busy|not allowed at this time/i.test(heard);
      if (!said || software() !== undefined || !isCut(error)) return error;
      return faultOf(meanings.busy, step, '', error);
    },
  };
};
