import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './plain-sql.ts';

/** What is wrong; every list is empty when the promise was kept. */
export interface Report {
  /** Orders that were committed and are in no file. */
  lost: string[];
  /** Orders that are in two files, or twice in one. */
  doubled: string[];
  /** Names whose bytes were not always the same, or are not those of a frozen batch. */
  altered: string[];
  /** Names under which fewer bytes were seen than their batch has. */
  partial: string[];
  /** Orders in a file that nobody has committed. */
  invented: string[];
}

export const nothingWrong: Report = { lost: [], doubled: [], altered: [], partial: [], invented: [] };

/** One content that was seen under a final name. */
interface Sighting {
  sha256: string;
  bytes: number;
  orders: string[];
}

export interface Checker {
  /** A writer was told that this order is committed. */
  committed(order: string): void;
  /** Looks at the drop and the batches now; between two runs nothing else moves, so this sees what a crash left. */
  look(): Promise<void>;
  /** A last look, then the verdict. */
  report(): Promise<Report>;
  /** Files at the drop under names that are not final. */
  unfinished(): string[];
  /** Final names ever seen. */
  names(): string[];
  /** Orders that the database or a writer says are committed. */
  count(): Promise<number>;
  stop(): void;
}

const isFinal = (name: string): boolean => !name.startsWith('.');

/** Order ids of a file: the first column, without the header. A line that breaks off counts too. */
const ordersOf = (content: Buffer): string[] =>
  content
    .toString('utf8')
    .split('\r\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split(',')[0] ?? '');

/** Keeps every content that ever lies in the folder under a final name. Looks every few milliseconds by itself. */
const watchFolder = (folder: string) => {
  const seen = new Map<string, Map<string, Sighting>>();
  const known = new Map<string, string>();
  const look = (): void => {
    for (const name of readdirSync(folder).filter(isFinal)) {
      try {
        const { ino, size, mtimeMs } = statSync(join(folder, name));
        const version = `${ino} ${size} ${mtimeMs}`;
        if (known.get(name) === version) continue;
        const content = readFileSync(join(folder, name));
        const sha256 = createHash('sha256').update(content).digest('hex');
        const sightings = seen.get(name) ?? new Map<string, Sighting>();
        seen.set(name, sightings.set(sha256, { sha256, bytes: content.length, orders: ordersOf(content) }));
        known.set(name, version);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
    }
  };
  const timer = setInterval(look, 5);
  return { seen, look, stop: () => clearInterval(timer) };
};

/** Frozen digests as they were first read: a batch whose digest changes later is found out. */
const watchBatches = (url: string) => {
  const frozen = new Map<string, { sha256: string; bytes: number }>();
  const changed = new Set<string>();
  const look = async (): Promise<void> => {
    const sql = 'select file_name, sha256, bytes from batches';
    const rows = await ask<{ file_name: string; sha256: string; bytes: unknown }>(url, sql);
    for (const { file_name: name, sha256, bytes } of rows) {
      const before = frozen.get(name);
      if (before && before.sha256 !== sha256) changed.add(name);
      else frozen.set(name, { sha256, bytes: Number(bytes) });
    }
  };
  return { frozen, changed, look };
};

type Seen = ReturnType<typeof watchFolder>['seen'];

/** In how many files, and how often in the worst of them, each order is. */
const placesOf = (seen: Seen): Map<string, Set<string>> => {
  const places = new Map<string, Set<string>>();
  for (const [name, sightings] of seen) {
    for (const { orders } of sightings.values()) {
      const here = new Map<string, number>();
      for (const order of orders) {
        const times = (here.get(order) ?? 0) + 1;
        here.set(order, times);
        places.set(order, (places.get(order) ?? new Set()).add(`${name}#${times}`));
      }
    }
  }
  return places;
};

/**
 * Knows the truth by itself: what is committed, from the writers and by plain SQL; what the partner could see, by
 * watching the folder all the time. The product's own `prove` plays no part in it.
 */
export const makeChecker = (url: string, folder: string): Checker => {
  const acknowledged = new Set<string>();
  const drop = watchFolder(folder);
  const batches = watchBatches(url);
  const look = async (): Promise<void> => {
    drop.look();
    await batches.look();
  };
  const allCommitted = async (): Promise<Set<string>> => {
    const rows = await ask<{ order_id: string }>(url, 'select order_id from transactions');
    return new Set([...acknowledged, ...rows.map((row) => row.order_id)]);
  };
  const report = async (): Promise<Report> => {
    await look();
    const committed = await allCommitted();
    const places = placesOf(drop.seen);
    const sightings = [...drop.seen].flatMap(([name, found]) => [...found.values()].map((one) => ({ name, ...one })));
    const strange = sightings.filter(({ name, sha256 }) => batches.frozen.get(name)?.sha256 !== sha256);
    const isPartial = ({ name, bytes }: { name: string; bytes: number }) =>
      bytes < (batches.frozen.get(name)?.bytes ?? 0);
    return {
      lost: [...committed].filter((order) => !places.has(order)),
      doubled: [...places].filter(([, where]) => where.size > 1).map(([order]) => order),
      altered: [...batches.changed, ...strange.filter((one) => !isPartial(one)).map(({ name }) => name)],
      partial: strange.filter(isPartial).map(({ name }) => name),
      invented: [...places.keys()].filter((order) => !committed.has(order)),
    };
  };
  return {
    committed: (order) => void acknowledged.add(order),
    look,
    report,
    unfinished: () => readdirSync(folder).filter((name) => !isFinal(name)),
    names: () => [...drop.seen.keys()].sort(),
    count: async () => (await allCommitted()).size,
    stop: drop.stop,
  };
};
