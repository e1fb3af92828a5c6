import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { JudgeSender } from '../../../src/inbound/mail/judgement.ts';
import { type ListenerRules, openListener, type Timing } from '../../../src/inbound/mail/listener.ts';
import {
  type MailMessage,
  type MailRecipient,
  messagesToLog,
  recipientsOf,
} from '../../../src/inbound/mail/messages.ts';
import { newestRefused, type RefusedMail } from '../../../src/inbound/mail/refused-mail.ts';
import { makeLog } from '../../../src/log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { openSpool, type Spool } from '../../../src/store/spool.ts';
import type { Store } from '../../../src/store/store.ts';
import { freshDatabase } from '../../stores.ts';
import { judgeNobody, rules } from './listener-parts.ts';

export interface Listening {
  port: number;
  spool: Spool;
  store: Store;
  /** What was logged so far. */
  log: Record<string, unknown>[];
  accepted(): number;
  useRules(next: ListenerRules): void;
  close(graceMs?: number): Promise<void>;
  messages(): Promise<(MailMessage & { recipients: MailRecipient[] })[]>;
  refused(): Promise<RefusedMail[]>;
  /** Files in the spool, half-written ones too. */
  files(): string[];
}

/** The listener itself, on a port of its own. */
export const listening = async (
  store: Store,
  {
    change = {},
    judge = judgeNobody,
    clock = systemClock,
    spool: given,
    timing,
  }: { change?: Partial<ListenerRules>; judge?: JudgeSender; clock?: Clock; spool?: Spool; timing?: Timing } = {},
): Promise<Listening> => {
  const folder = await mkdtemp(join(tmpdir(), 'nightdrop-mail-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = given ?? (await openSpool(folder));
  const log: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) };
  let accepted = 0;
  const context = { store, spool, clock, log: makeLog('info', stream), judgeSender: judge };
  const listener = await openListener(
    { host: '127.0.0.1', port: 0 },
    { ...rules, ...change },
    {
      ...context,
      onAccepted: () => void accepted++,
    },
    timing,
  );
  let closed: Promise<void> | undefined;
  const close = (graceMs = 100): Promise<void> => (closed ??= listener.close(graceMs));
  onTestFinished(() => close());
  return {
    ...{ port: listener.port, spool, store, log, close, useRules: listener.useRules },
    accepted: () => accepted,
    messages: async () => {
      const found = await messagesToLog(store.read, 1000);
      return Promise.all(found.map(async (one) => ({ ...one, recipients: await recipientsOf(store.read, one.id) })));
    },
    refused: () => newestRefused(store.read, 1000),
    files: () => readdirSync(spool.folder).filter((name) => name !== 'notes'),
  };
};

/** A database for tests in which it does not matter which one it is. */
export const freshStore = async (): Promise<Store> => {
  const database = await freshDatabase('sqlite');
  const store = await openStore(database.url, '/');
  onTestFinished(async () => {
    await store.close();
    await database.remove();
  });
  return store;
};
