import type { WebContext } from '../context.ts';
import type { Route } from '../route.ts';
import { assetRoutes } from './assets.ts';
import { batchRoutes } from './batches.ts';
import { deliveryRoutes } from './deliveries.ts';
import { dropRoutes } from './drops.ts';
import { eventTypeRoutes } from './event-types.ts';
import { exportRoutes } from './export.ts';
import { importRoutes } from './import.ts';
import { overviewRoute } from './overview.ts';
import { refusedRoute } from './refused.ts';
import { savedMappingRoutes } from './saved.ts';
import { scheduleRoute } from './schedule.ts';
import { submissionRoutes } from './submission.ts';
import { submissionListRoute } from './submissions.ts';
import { traceRoute } from './trace.ts';

/** Every page of the console. */
export const consoleRoutes = (ctx: WebContext): Route[] => [
  overviewRoute(ctx),
  submissionListRoute(ctx),
  ...submissionRoutes(ctx),
  refusedRoute(ctx),
  ...deliveryRoutes(ctx),
  ...batchRoutes(ctx),
  traceRoute(ctx),
  scheduleRoute(ctx),
  ...importRoutes(ctx),
  ...savedMappingRoutes(ctx),
  ...exportRoutes(ctx),
  ...eventTypeRoutes(ctx),
  ...dropRoutes(ctx),
  ...assetRoutes(),
];
