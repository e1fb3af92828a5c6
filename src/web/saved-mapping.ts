import type { SavedMapping } from '../inbound/submission/saved-mapping.ts';
import { findMappings } from '../inbound/submission/saved-mappings.ts';
import type { WebContext } from './context.ts';
import { wrongRequest } from './problem.ts';
import { type Found, idIn, type KnownCall } from './route.ts';

/** Characters of the name of a saved mapping. */
export const longestMappingName = 80;

/** A name as it is kept. Fault `usage` for one that is empty, too long, or holds what cannot be seen. */
export const mappingName = (text: string): string => {
  const name = text.trim();
  const hint = `give a name of at most ${longestMappingName} characters`;
  if (name === '') throw wrongRequest('the name', 'it is empty', hint);
  if (name.length > longestMappingName) throw wrongRequest('the name', 'it is too long', hint);
  if (/\p{Cc}/u.test(name)) throw wrongRequest('the name', 'it holds a control character', hint);
  return name;
};

/** The saved mapping whose `id` stands in the path, with the event type that decides whose it is. */
export const mappingIn =
  (ctx: WebContext) =>
  async (call: KnownCall): Promise<Found<SavedMapping> | undefined> => {
    const id = idIn(call);
    const [thing] = id === undefined ? [] : await findMappings(ctx.store.read, { id });
    return thing && { thing, subject: { eventType: thing.eventTypeId }, name: `mapping ${thing.id}` };
  };
