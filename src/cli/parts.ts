/** What one process of several can do: `serve --only schedule,web`. */
export const parts = ['schedule', 'mail', 'web', 'work'] as const;
export type Part = (typeof parts)[number];
