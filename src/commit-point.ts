/**
 * The numbered commit points of the way out (design: "Commit points", Out 1–6). The code says `reached(…)` at each;
 * a crash test puts a hook there that kills the process. In the product the hook is never set. `5 announced` is of a
 * folder alone: the name may appear from here on.
 */
export type CommitPoint =
  | '1 claimed'
  | '2 fenced'
  | '2 snapshot opened'
  | '3 rendering'
  | '3 rendered'
  | '4 before freeze'
  | '4 frozen'
  | '5 attempt recorded'
  | '5 uploading'
  | '5 uploaded'
  | '5 renaming recorded'
  | '5 announced'
  | '5 renamed'
  | '6 swept'
  | '6 before receipt'
  | '6 receipt';

/** Those of the way in (design: "Commit points", In 4 and 5). `in 4 committed` comes once for each chunk. */
export type InPoint =
  | 'in 4 begun'
  | 'in 4 reading fixed'
  | 'in 4 before commit'
  | 'in 4 committed'
  | 'in 5 applied'
  | 'in 5 result written'
  | 'in 5 complete';

/** That of a file from an inbox: its submission is committed, and it still lies there. */
export type InboxPoint = 'in 3 taken';

/** Those of the acceptance of a mail (design: "Commit points", In 2). */
export type MailPoint = 'in 2 received' | 'in 2 kept' | 'in 2 committed' | 'in 2 answered';

/** Those of the log of a message (design: "Commit points", In 3). */
export type LogPoint = 'in 3 begun' | 'in 3 spooled' | 'in 3 before commit' | 'in 3 logged';

/** Those of the answer to a mail: decided, claimed, taken by the relay, and written down as sent. */
export type ReplyPoint = 'reply planned' | 'reply claimed' | 'reply taken' | 'reply recorded';

type AnyPoint = CommitPoint | InboxPoint | MailPoint | LogPoint | InPoint | ReplyPoint;

let hook: ((point: AnyPoint) => void) | undefined;

export const reached = (point: AnyPoint): void => hook?.(point);

/** For crash tests only. */
export const onCommitPoint = (listener: typeof hook): void => void (hook = listener);
