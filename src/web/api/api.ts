import type { WebContext } from '../context.ts';
import { type Endpoint, ofAsker } from './endpoint.ts';
import { me } from './shapes.ts';

/** Who asks, and what they may see. */
const meEndpoint = (ctx: WebContext): Endpoint =>
  ofAsker(
    ctx,
    { method: 'get', path: '/me', needs: 'signed-in', tag: 'people', summary: 'who you are here', answer: me },
    ({ call: { asker } }) =>
      Promise.resolve({
        ...{ who: asker.who.name, by: asker.who.kind, ...asker.scope },
        formToken: asker.session?.formToken ?? null,
      }),
  );

/** Every endpoint of the API, in the order in which they are told of. */
export const endpoints = (ctx: WebContext): Endpoint[] => [meEndpoint(ctx)];
