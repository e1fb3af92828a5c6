/** 0 done, 1 failed, 2 wrong use or configuration, 3 nothing to do. The same for every command. */
export type ExitCode = 0 | 1 | 2 | 3;

export const exit = { done: 0, failed: 1, wrong: 2, nothing: 3 } as const satisfies Record<string, ExitCode>;
