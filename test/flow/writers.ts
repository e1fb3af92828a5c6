import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from '../../src/clock.ts';
import { insertSql } from './orders.ts';
import { randomOf } from './random.ts';

/** A session of a writer's own. */
export const connect = async (url: string, name = 'writer'): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url, application_name: name });
  await client.connect();
  return client;
};

export const insertOrders = (client: pg.Client, orders: readonly string[]): Promise<unknown> =>
  client.query(insertSql, [orders]);

/** The longest that a statement took, in milliseconds, by kind. */
export type Longest = Record<'insert' | 'commit', number>;

export interface WriterOptions {
  url: string;
  /** A name that no other writer has; part of its order ids. */
  name: string;
  seed: number;
  stopped(): boolean;
  /** Called after the database has acknowledged the commit. */
  committed(order: string): void;
  longest: Longest;
}

interface Desk extends WriterOptions {
  client: pg.Client;
  random: Random;
  next(): string[];
}

const timed = async (longest: Longest, kind: keyof Longest, work: Promise<unknown>): Promise<void> => {
  const began = performance.now();
  await work;
  longest[kind] = Math.max(longest[kind], performance.now() - began);
};

/** Mostly short, sometimes long: what makes later numbers commit before earlier ones. */
const dawdle = ({ random }: Desk): Promise<void> => pause(random() < 0.1 ? 60 + random() * 90 : random() * 25);

const insert = (desk: Desk, orders: string[]) => timed(desk.longest, 'insert', insertOrders(desk.client, orders));

const end = async (desk: Desk, orders: string[], commit: string, rollback: string): Promise<void> => {
  if (desk.random() < 0.15) return void (await desk.client.query(rollback));
  await timed(desk.longest, 'commit', desk.client.query(commit));
  orders.forEach(desk.committed);
};

/** Inserts, is slow, commits; now and then it rolls back. */
const plainly = async (desk: Desk): Promise<void> => {
  const [first, second] = [desk.next(), desk.next()];
  await desk.client.query('begin');
  await insert(desk, first);
  await dawdle(desk);
  await insert(desk, second);
  await dawdle(desk);
  await end(desk, [...first, ...second], 'commit', 'rollback');
};

/** Takes back a part; what follows draws new numbers in the same database transaction. */
const withSavepoint = async (desk: Desk): Promise<void> => {
  const [first, dropped, last] = [desk.next(), desk.next(), desk.next()];
  const before = desk.random() < 0.5 ? first : [];
  await desk.client.query('begin');
  if (before.length > 0) await insert(desk, before);
  await desk.client.query('savepoint s');
  await insert(desk, dropped);
  await dawdle(desk);
  await desk.client.query('rollback to savepoint s');
  await dawdle(desk);
  await insert(desk, last);
  await dawdle(desk);
  await end(desk, [...before, ...last], 'commit', 'rollback');
};

/** Two-phase commit: after `prepare transaction` no session holds the lock any more, and yet it is held. */
const inTwoPhases = async (desk: Desk): Promise<void> => {
  const orders = desk.next();
  const id = `'${desk.name}-${orders[0] ?? ''}'`;
  await desk.client.query('begin');
  await insert(desk, orders);
  await dawdle(desk);
  await desk.client.query(`prepare transaction ${id}`);
  await dawdle(desk);
  await end(desk, orders, `commit prepared ${id}`, `rollback prepared ${id}`);
};

/** One statement that commits by itself. */
const atOnce = async (desk: Desk): Promise<void> => {
  const orders = desk.next();
  await insert(desk, orders);
  orders.forEach(desk.committed);
  await dawdle(desk);
};

const ways = [plainly, plainly, withSavepoint, atOnce, plainly, inTwoPhases];

/** Writes until it is told to stop, each time as `way` says; what it began it ends. */
export const runWriter = async (options: WriterOptions, way: number): Promise<void> => {
  const client = await connect(options.url);
  const random = randomOf(options.seed);
  let orders = 0;
  const next = () => Array.from({ length: 1 + Math.floor(random() * 4) }, () => `${options.name}-${++orders}`);
  const work = ways[way % ways.length] ?? plainly;
  try {
    while (!options.stopped()) await work({ ...options, client, random, next });
  } finally {
    await client.end();
  }
};
