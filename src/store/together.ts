/**
 * Joins what comes while one piece of work runs into the next one, so that many commits become one. `work` gets at most
 * `most` items, in the order in which they came, and answers for each. `gather` is awaited before each piece of work, for those that
 * are about to come. When the work rejects, all of its items do.
 */
export const makeTogether = <Item, Answer>(
  most: number,
  work: (items: readonly Item[]) => Promise<readonly Answer[]>,
  gather?: () => Promise<void>,
): ((item: Item) => Promise<Answer>) => {
  type Waiting = { item: Item; resolve(answer: Answer): void; reject(error: unknown): void };
  const queue: Waiting[] = [];
  let busy = false;
  const settle = async (some: readonly Waiting[]): Promise<void> => {
    try {
      const answers = await work(some.map(({ item }) => item));
      for (const [at, { resolve }] of some.entries()) resolve(answers[at] as Answer);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  };
  const run = async (): Promise<void> => {
    busy = true;
    while (queue.length > 0) {
      if (gather) await gather();
      await settle(queue.splice(0, most));
    }
    busy = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      if (!busy) void run();
    });
};
