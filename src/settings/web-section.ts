import { isIP } from 'node:net';
import { z } from 'zod';
import type { WebSection } from './settings.ts';
import { strict, textAs, Wrong } from './shape.ts';
import { listen, size } from './values.ts';

/** `https://nightdrop.example.test`, without a path. */
const address = textAs('https://nightdrop.example.test', (value): string | Wrong => {
  const url = /^https?:\/\//.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || url.username !== '' || url.password !== '')
    return new Wrong(
      'is not the address of a web server',
      'write the scheme and the host: https://HOST or http://HOST:PORT',
    );
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return new Wrong('has a path', `the service stands at the root of its host; write "${url.origin}"`);
  return url.origin;
});

const ip = textAs('127.0.0.1', (value) =>
  isIP(value) === 0 ? new Wrong('is not an IP address', 'write the address that the proxy connects from') : value,
);

/** The key `web` of `nightdrop.yaml`. */
export const webShape = strict({
  listen: listen.default({ host: '127.0.0.1', port: 8080 }),
  url: address.optional(),
  proxies: z.array(ip).default([]),
  maxUpload: size.default(4 * 1024 ** 3),
}).prefault({});

export const webSection = ({
  listen: { host, port },
  url,
  proxies,
  maxUpload,
}: z.output<typeof webShape>): WebSection => ({
  ...{ host, port, proxies, maxUpload },
  ...(url === undefined ? {} : { url }),
});
