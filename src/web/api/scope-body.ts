import { z } from '@hono/zod-openapi';
import type { Fault } from '../../fault.ts';
import type { WebContext } from '../context.ts';
import { type Scope, roles } from '../people/may.ts';
import { scopeFrom, type ScopeProblem, type WantedScope } from '../people/scope-of.ts';
import { wrongRequest } from '../problem.ts';

/** What a body says of what somebody may see. */
export const scopeBody = {
  role: z.enum(roles),
  eventTypes: z
    .array(z.number().int())
    .max(1000)
    .optional()
    .openapi({ description: 'of an advertiser: its event types' }),
  partners: z
    .array(z.string())
    .max(1000)
    .optional()
    .openapi({ description: 'of a partner: all its feeds, those to come too' }),
  feeds: z.array(z.string()).max(1000).optional().openapi({ description: 'of a partner: only these feeds' }),
};

const refused = (problem: ScopeProblem, { role }: WantedScope): Fault => {
  switch (problem.wrong) {
    case 'unasked':
      return wrongRequest(
        problem.field,
        `it says nothing for the role ${role}`,
        'leave it out, or choose another role',
      );
    case 'missing':
      return wrongRequest(problem.fields.join(' or '), `the role ${role} needs at least one`, 'say what may be seen');
    case 'unknown': {
      const possible = problem.possible.join(', ');
      return wrongRequest(problem.field, `there is no ${problem.word}`, `possible here: ${possible}`);
    }
    default:
      return problem satisfies never;
  }
};

/** The scope that a body asks for. Fault `usage` for what is not in the configuration. */
export const wantedScope = (ctx: WebContext, wanted: WantedScope): Scope => {
  const found = scopeFrom(wanted, ctx.settings());
  if ('wrong' in found) throw refused(found, wanted);
  return found.scope;
};
