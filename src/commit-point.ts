/**
 * The numbered commit points of the way out (design: "Commit points", Out 1–6). The code says `reached(…)` at each;
 * a crash test puts a hook there that kills the process. In the product the hook is never set.
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

let hook: ((point: CommitPoint | InPoint) => void) | undefined;

export const reached = (point: CommitPoint | InPoint): void => hook?.(point);

/** For crash tests only. */
export const onCommitPoint = (listener: typeof hook): void => void (hook = listener);
