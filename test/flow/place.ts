import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DropSpec } from '../../src/drop/drop.ts';
import { release } from '../../src/outbound/delivery/actions.ts';
import { findDeliveries } from '../../src/outbound/delivery/deliveries.ts';
import type { Delivery, DropPlan } from '../../src/outbound/delivery/delivery.ts';
import { prove } from '../../src/outbound/feed/prove.ts';
import { freshDatabase, type StoreKind } from '../stores.ts';
import { type Checker, makeChecker, nothingWrong } from './checker.ts';
import { type Child, startChild } from './child.ts';
import type { Errand } from './crash-child.ts';
import { deliverAll, finish, type Line, openLine } from './line.ts';
import { dropOf, type ServerDrop } from './server-drop.ts';

/** A database, a spool, a drop's folder and its checker. Nothing is open but the checker. */
export interface Place {
  url: string;
  spool: string;
  folder: string;
  checker: Checker;
  /** A child that works here; the checker hears what it commits. */
  child(errand: Partial<Errand> & Pick<Errand, 'name'>): Child;
  /** The whole line in this process. */
  open(options?: { drop?: DropSpec; unknown?: DropPlan['unknown'] }): Promise<Line>;
  /** Lets the time of all leases be over, as it will be when a process has been gone for a while. */
  endLeases(line: Line): Promise<void>;
  /** Starts anew after a crash, does all there is to do, and holds what came of it against the truth. */
  recover(note: string): Promise<void>;
  remove(): Promise<void>;
}

const endLeases = ({ store }: Line): Promise<void> =>
  store.write(async ({ knex }) => {
    await knex('leases').update({ leased_until: 0 });
    await knex('deliveries').where({ state: 'sending' }).update({ leased_until: 1 });
  });

/**
 * A crash between the announcement of a name and its link leaves open whether the partner has taken the file, and the
 * delivery waits for a person (design: promise 4). Here the partner is asked: nothing was ever seen under that name, so
 * it is released. No other crash may leave anything for a person.
 */
const answerAsPartner = async (line: Line, folder: string, checker: Checker): Promise<Delivery[]> => {
  for (;;) {
    const held = await findDeliveries(line.store.read, { states: ['held'] });
    if (held.length === 0) return findDeliveries(line.store.read);
    for (const { id, fileName, errorCode } of held) {
      expect(errorCode, fileName).toBe('unknown-outcome');
      expect(checker.names()).not.toContain(fileName);
      expect(
        readdirSync(folder).filter((name) => name.startsWith(`.${fileName}`) && name.endsWith('.link')),
      ).toHaveLength(1);
      await release(line.store, id);
    }
    await deliverAll(line);
  }
};

/** `folder` when the drop's folder is a server's; `server` when all of it shall go through that server. */
export const makePlace = async (kind: StoreKind, folder?: string, server: ServerDrop = {}): Promise<Place> => {
  const database = await freshDatabase(kind);
  const { url } = database;
  const home = mkdtempSync(join(tmpdir(), 'nightdrop-flow-'));
  const drop = folder ?? join(home, 'drop');
  mkdirSync(drop, { recursive: true });
  const spool = join(home, 'spool');
  const checker = makeChecker(url, drop);
  const lines: Line[] = [];
  const children: Child[] = [];
  const open: Place['open'] = async (options = {}) => {
    const line = await openLine({ url, spool, drop: options.drop ?? dropOf(server, drop), ...options });
    lines.push(line);
    return line;
  };
  // The newest schema, so that the checker can ask before the first child has.
  await (await open()).close();
  lines.length = 0;
  const recover = async (note: string): Promise<void> => {
    await checker.look();
    const line = await open();
    await endLeases(line);
    await finish(line);
    const deliveries = await answerAsPartner(line, drop, checker);
    expect(await checker.report(), note).toEqual(nothingWrong);
    expect(new Set(deliveries.map(({ state }) => state)), note).toEqual(new Set(['delivered']));
    expect(checker.unfinished(), note).toEqual([]);
    expect(await prove(line.store, line.spool), note).toMatchObject({ ok: true });
  };
  return {
    ...{ url, spool, folder: drop, checker, open, endLeases, recover },
    child: (errand) => {
      const child = startChild({ url, spool, folder: drop, orders: 5, rounds: 1, ...server, ...errand }, (line) => {
        const [what, ...orders] = line.split(' ');
        if (what === 'committed') orders.filter((order) => order !== '').forEach(checker.committed);
      });
      children.push(child);
      return child;
    },
    remove: async () => {
      for (const child of children) {
        child.process.kill('SIGKILL');
        await child.ended;
      }
      checker.stop();
      for (const line of lines) await line.close();
      await database.remove();
      rmSync(home, { recursive: true, force: true });
    },
  };
};
