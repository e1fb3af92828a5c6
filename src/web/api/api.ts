import type { WebContext } from '../context.ts';
import { batchEndpoints } from './batches.ts';
import { deliveryEndpoints } from './deliveries.ts';
import { dropEndpoints } from './drops.ts';
import { type Endpoint, ofAsker, root } from './endpoint.ts';
import { describe } from './openapi.ts';
import { type Described, referencePage } from './reference-page.ts';
import { pageAnswer } from '../page.ts';
import type { Route } from '../route.ts';
import { eventTypeEndpoints } from './event-types.ts';
import { exportEndpoints } from './exports.ts';
import { feedEndpoints } from './feeds.ts';
import { ledgerEndpoints } from './ledger.ts';
import { mappingEndpoints } from './mappings.ts';
import { operationsEndpoints } from './operations.ts';
import { orderEndpoints } from './orders.ts';
import { me } from './operation-shapes.ts';
import { peopleEndpoints } from './people.ts';
import { submissionEndpoints } from './submissions.ts';
import { unmatchedEndpoint } from './unmatched.ts';

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
export const endpoints = (ctx: WebContext): Endpoint[] => [
  ...feedEndpoints(ctx),
  ...exportEndpoints(ctx),
  ...batchEndpoints(ctx),
  ...deliveryEndpoints(ctx),
  ...submissionEndpoints(ctx),
  unmatchedEndpoint(ctx),
  ...eventTypeEndpoints(ctx),
  ...mappingEndpoints(ctx),
  ...orderEndpoints(ctx),
  ...ledgerEndpoints(ctx),
  ...dropEndpoints(ctx),
  ...operationsEndpoints(ctx),
  ...peopleEndpoints(ctx),
  meEndpoint(ctx),
];

/** The routes of the API, with what tells of them. The description itself is for everybody. */
export const apiRoutes = (ctx: WebContext): Route[] => {
  const all = endpoints(ctx);
  const description = describe(all, ctx.version);
  const reference = referencePage(description as Described);
  return [
    { method: 'get', path: `${root}/`, face: 'page', needs: 'open', run: () => pageAnswer(reference) },
    {
      ...{ method: 'get', path: '/openapi.json', face: 'api', needs: 'open' },
      run: () => Promise.resolve(Response.json(description)),
    },
    ...all.map(({ route }) => route),
  ];
};
