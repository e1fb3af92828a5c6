import { apiRoutes } from './api/api.ts';
import { consoleRoutes } from './console/console.ts';
import type { WebContext } from './context.ts';
import { type OpenParts, openRoutes } from './open-routes.ts';
import { makeGateState } from './people/gate.ts';
import { signInRoutes } from './people/sign-in-routes.ts';
import { openWeb, type Web } from './web.ts';

/** The web with all its routes: what is open, signing in, the API, the console. Throws a Fault when the port cannot be had. */
export const startWeb = (
  listen: { host: string; port: number },
  ctx: WebContext,
  parts: OpenParts,
  onError: (error: unknown) => void,
): Promise<Web> => {
  const state = makeGateState();
  const routes = [...openRoutes(ctx, parts), ...signInRoutes(ctx, state), ...apiRoutes(ctx), ...consoleRoutes(ctx)];
  return openWeb(listen, { ctx, routes, state }, onError);
};
