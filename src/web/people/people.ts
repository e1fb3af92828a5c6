import type { Knex } from 'knex';
import { isoInstant } from '../../clock.ts';
import { int, intOrNull, type Row, type Store } from '../../store/store.ts';
import type { Scope } from './may.ts';

/** One who may sign in. Instants in milliseconds. The name is a mail address, or a name for printed links only: personal. */
export interface Person {
  id: number;
  name: string;
  scope: Scope;
  addedAt: number;
  signedInAt: number | null;
}

const readPerson = (row: Row): Person => ({
  id: int(row['id']),
  name: String(row['name']),
  scope: JSON.parse(String(row['scope'])) as Scope,
  addedAt: int(row['added_at']),
  signedInAt: intOrNull(row['signed_in_at']),
});

/** Names count without regard to case, as mail addresses do in practice. */
export const personName = (text: string): string => text.trim().toLowerCase();

/** A name of one who may sign in, as it is kept; undefined for what is neither a mail address nor a plain name. */
export const readPersonName = (text: string): string | undefined => {
  const name = personName(text);
  return /^[^\s<>"',;\u0000-\u001f]{1,254}$/.test(name) ? name : undefined;
};

/** A person as `--json` shows one. */
export const personLine = ({ id, name, scope, addedAt, signedInAt }: Person) => ({
  ...{ id, name, ...scope, addedAt: isoInstant(addedAt) },
  signedInAt: signedInAt === null ? null : isoInstant(signedInAt),
});

/** In order of being added. */
export const findPeople = async (db: Knex): Promise<Person[]> =>
  ((await db('people').whereNull('removed_at').orderBy('id')) as Row[]).map(readPerson);

export const personNamed = async (db: Knex, name: string): Promise<Person | undefined> => {
  const row = (await db('people')
    .whereNull('removed_at')
    .where({ name: personName(name) })
    .first()) as Row | undefined;
  return row && readPerson(row);
};

export const personOfId = async (db: Knex, id: number): Promise<Person | undefined> => {
  const row = (await db('people').whereNull('removed_at').where({ id }).first()) as Row | undefined;
  return row && readPerson(row);
};

/** Adds a person, or gives one that is there another scope; sessions go on with the new one. */
export const putPerson = (store: Store, name: string, scope: Scope, now: number): Promise<Person> =>
  store.write(async ({ knex }) => {
    const wanted = { name: personName(name), scope: JSON.stringify(scope) };
    const changed = await knex('people').whereNull('removed_at').where({ name: wanted.name }).update(wanted);
    if (changed === 0) await knex('people').insert({ ...wanted, added_at: now });
    const found = await personNamed(knex, name);
    if (!found) throw new Error('the person is gone');
    return found;
  });

/** Removes a person, and with it every session and link. False when there is none of that name. */
export const removePerson = (store: Store, name: string, now: number): Promise<boolean> =>
  store.write(async ({ knex }) => {
    const found = await personNamed(knex, name);
    if (!found) return false;
    await knex('sessions').where({ person_id: found.id }).delete();
    await knex('sign_in_links').where({ person_id: found.id }).delete();
    await knex('people').where({ id: found.id }).update({ removed_at: now });
    return true;
  });
