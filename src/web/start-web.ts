import { apiRoutes } from './api/api.ts';
import { consoleRoutes } from './console/console.ts';
import type { WebContext } from './context.ts';
import { type OpenParts, openRoutes } from './open-routes.ts';
import { type GateState, makeGateState } from './people/gate.ts';
import { signInRoutes } from './people/sign-in-routes.ts';
import type { Route } from './route.ts';
import { openWeb, type Web } from './web.ts';

/** Every route that there is: what is open, signing in, the API, the console. */
export const allRoutes = (ctx: WebContext, parts: OpenParts, state: GateState): Route[] => [
  ...openRoutes(ctx, parts),
  ...signInRoutes(ctx, state),
  ...apiRoutes(ctx),
  ...consoleRoutes(ctx),
];

/** The web with all its routes. Throws a Fault when the port cannot be had. */
export const startWeb = (
  listen: { host: string; port: number },
  ctx: WebContext,
  parts: OpenParts,
  onError: (error: unknown) => void,
): Promise<Web> => {
  const state = makeGateState();
  return openWeb(listen, { ctx, routes: allRoutes(ctx, parts, state), state }, onError);
};
