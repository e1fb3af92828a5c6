import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import {
  type Drop,
  DropFault,
  type DropSpec,
  type FolderSpec,
  type OpenDrop,
  type Outgoing,
  type PutSteps,
} from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { sha256 } from '../../../src/file/digest.ts';
import type { DeliveryContext } from '../../../src/outbound/delivery/context.ts';
import type { Delivery, DropPlan } from '../../../src/outbound/delivery/delivery.ts';
import { findDelivery, plan } from '../../../src/outbound/delivery/deliveries.ts';
import { openSpool } from '../../../src/store/spool.ts';
import { int, type Store } from '../../../src/store/store.ts';

export interface WorldFile {
  fileName: string;
  content: Buffer;
  spool: string;
}

/** A partner's folder as the partner sees it. */
export interface Site {
  spec: FolderSpec;
  folder: string;
  names(): string[];
  read(name: string): Buffer;
}

export const makeSite = (name: string): Site => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-site-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    spec: { kind: 'folder', name, folder, concurrency: 1, stepTimeout: 10_000, replace: false },
    folder,
    names: () => readdirSync(folder).sort(),
    read: (file) => readFileSync(join(folder, file)),
  };
};

export const planOf = (spec: DropSpec, changes: Partial<DropPlan> = {}): DropPlan => ({
  spec,
  unknown: 'hold',
  giveUpAfter: 72 * 3_600_000,
  watchPickup: false,
  ...changes,
});

/** A spool, drops and a feed's batches, frozen by hand. */
export const makeWorld = async (store: Store, drops: Record<string, DropPlan>) => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdrop-spool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const spool = await openSpool(folder);
  const ctx: DeliveryContext = {
    store,
    spool,
    drops: new Map(Object.entries(drops)),
    openDrop,
    clock: systemClock,
    random: () => 1,
    holder: `test-${randomBytes(3).toString('hex')}`,
  };

  const keep = async (fileName: string, content: Buffer): Promise<WorldFile> => {
    const draft = await spool.draft();
    await draft.handle.writeFile(content);
    return { fileName, content, spool: await draft.keep() };
  };

  let batches = 0;
  /** A batch with a delivery to each drop. */
  const freeze = async (
    options: {
      feed?: string;
      to?: string[];
      ordering?: 'strict' | 'free';
      bytes?: number;
      sidecar?: boolean;
      marker?: boolean;
    } = {},
  ) => {
    const feed = options.feed ?? 'nightly';
    const number = ++batches;
    const fileName = `${feed}_${number}.csv`;
    const main = await keep(fileName, randomBytes(options.bytes ?? 2000));
    const companions: [kind: string, file: WorldFile][] = [];
    if (options.sidecar)
      companions.push(['sha256', await keep(`${fileName}.sha256`, Buffer.from(sha256(main.content)))]);
    if (options.marker) companions.push(['marker', await keep(`${fileName}.done`, Buffer.alloc(0))]);
    const files = [main, ...companions.map(([, file]) => file)];
    const columns = ({ fileName: name, content, spool: kept }: WorldFile) => ({
      file_name: name,
      spool: kept,
      bytes: content.length,
      sha256: sha256(content),
    });
    const filler = { row_count: 1, members: '', include: 'new', selection: '{}', layout: '{}', kind: 'feed' };
    const now = systemClock.now();
    const batchId = await store.write(async (writer) => {
      const row = { feed, number, frozen_at: now, ...filler, ...columns(main) };
      const [added] = (await writer.knex('batches').insert(row, ['id'])) as { id: unknown }[];
      const id = int(added?.id);
      for (const [position, [kind, file]] of companions.entries())
        await writer.knex('companions').insert({ batch_id: id, position, kind, ...columns(file) });
      for (const dropName of options.to ?? Object.keys(drops))
        await plan(writer, { batchId: id, feed, dropName, ordering: options.ordering ?? 'strict', now });
      return id;
    });
    const rows = (await store.read('deliveries').where({ batch_id: batchId }).orderBy('id')) as { id: unknown }[];
    return { batchId, files, main, deliveries: rows.map(({ id }) => int(id)) };
  };

  const read = async (id: number | undefined): Promise<Delivery> => {
    const found = await findDelivery(store.read, id ?? -1);
    if (!found) throw new Error(`no delivery ${id}`);
    return found;
  };
  const set = (id: number | undefined, values: object) =>
    store.write(({ knex }) => knex('deliveries').where({ id }).update(values));
  const attempts = async (id: number | undefined) =>
    (await store.read('attempts').where({ delivery_id: id }).orderBy('number')) as Record<string, unknown>[];
  /** Makes what waits for its back-off due. */
  const skipBackoff = () => store.write(({ knex }) => knex('deliveries').update({ next_attempt_at: 0 }));
  /** Makes the leases of whoever is sending run out. */
  const endLeases = () =>
    store.write(({ knex }) => knex('deliveries').where({ state: 'sending' }).update({ leased_until: 1 }));
  return { ctx, spool, freeze, read, set, attempts, skipBackoff, endLeases };
};

export type World = Awaited<ReturnType<typeof makeWorld>>;

export const dropFault = (code: DropFault['code'], next: 'retry' | 'hold' = 'retry'): DropFault =>
  new DropFault({ operation: 'try', object: 'the drop', reason: `fault ${code}`, hint: 'a hint', next, code });

/** A drop with a fault of our making around the real one. */
export const withFault =
  (change: (drop: Drop, spec: DropSpec) => Partial<Drop>): OpenDrop =>
  async (spec, signal, known) => {
    const drop = await openDrop(spec, signal, known);
    return { ...drop, ...change(drop, spec) };
  };

/** The real put, of which the caller hears nothing after the rename: no answer, no look. */
export const answerLost = (drop: Drop) => ({
  put: async (file: Outgoing, steps: PutSteps) => {
    await drop.put(file, { ...steps, renamed: () => undefined });
    throw dropFault('unknown-outcome');
  },
});

/** The connection ends after the rename was announced and before it is sent; the partial file stays. */
export const cutBeforeRename = (drop: Drop, folder: string) => ({
  put: async (file: Outgoing, steps: PutSteps): Promise<never> => {
    mkdirSync(folder, { recursive: true });
    const { copyFile } = await import('node:fs/promises');
    await copyFile(file.path, join(folder, file.partial));
    await steps.renaming();
    await drop.close();
    throw dropFault('unknown-outcome');
  },
});

export const exists = existsSync;
