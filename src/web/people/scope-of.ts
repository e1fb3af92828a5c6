import type { Role, Scope } from './may.ts';

/** What somebody is to be and to see, before it is checked. */
export interface WantedScope {
  role: Role;
  eventTypes?: readonly number[] | undefined;
  partners?: readonly string[] | undefined;
  feeds?: readonly string[] | undefined;
}

/** What there is to be seen. */
export interface Known {
  eventTypes: { keys(): Iterable<number> };
  partners: readonly { name: string }[];
  feeds: readonly { name: string }[];
}

export type ScopeField = 'eventTypes' | 'partners' | 'feeds';

/** Why it is no scope. `unasked`: the field says nothing for this role; `missing`: one of these fields is needed. */
export type ScopeProblem =
  | { wrong: 'unasked'; field: ScopeField }
  | { wrong: 'missing'; fields: readonly ScopeField[] }
  | { wrong: 'unknown'; field: ScopeField; word: string; possible: readonly string[] };

const fieldsOf: Record<Role, readonly ScopeField[]> = {
  ops: [],
  advertiser: ['eventTypes'],
  partner: ['partners', 'feeds'],
};

const allFields = ['eventTypes', 'partners', 'feeds'] as const;

const namesIn = (known: Known, field: ScopeField): string[] =>
  field === 'eventTypes' ? [...known.eventTypes.keys()].map(String) : known[field].map(({ name }) => name);

const built = ({ role, eventTypes = [], partners = [], feeds = [] }: WantedScope): Scope => {
  switch (role) {
    case 'ops':
      return { role };
    case 'advertiser':
      return { role, eventTypes: [...eventTypes] };
    case 'partner':
      return { role, partners: [...partners], feeds: [...feeds] };
    default:
      return role satisfies never;
  }
};

/** The scope, checked against the configuration; or what is wrong with it. Pure. */
export const scopeFrom = (wanted: WantedScope, known: Known): { scope: Scope } | ScopeProblem => {
  const fields = fieldsOf[wanted.role];
  const unasked = allFields.find((field) => !fields.includes(field) && wanted[field] !== undefined);
  if (unasked !== undefined) return { wrong: 'unasked', field: unasked };
  for (const field of fields) {
    const possible = namesIn(known, field);
    const word = (wanted[field] ?? []).map(String).find((one) => !possible.includes(one));
    if (word !== undefined) return { wrong: 'unknown', field, word, possible };
  }
  const named = fields.some((field) => (wanted[field] ?? []).length > 0);
  return fields.length > 0 && !named ? { wrong: 'missing', fields } : { scope: built(wanted) };
};
