import { sha256 } from '../../file/digest.ts';
import type { Route } from '../route.ts';
import { consoleScript } from './script.ts';
import { consoleStyle } from './style.ts';

const pathOf = (text: string, ending: string): string => `/assets/console-${sha256(text).slice(0, 12)}.${ending}`;

/** Named by their content, so a browser may keep them for ever. */
export const stylePath = pathOf(consoleStyle, 'css');
export const scriptPath = pathOf(consoleScript, 'js');

const asset = (path: string, text: string, type: string): Route => ({
  ...{ method: 'get', path, face: 'page', needs: 'open' },
  run: () =>
    Promise.resolve(
      new Response(text, {
        headers: { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'public, max-age=31536000, immutable' },
      }),
    ),
});

export const assetRoutes = (): Route[] => [
  asset(stylePath, consoleStyle, 'text/css'),
  asset(scriptPath, consoleScript, 'text/javascript'),
];
