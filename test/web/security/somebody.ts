import { request } from 'node:http';
import type { Scope } from '../../../src/web/people/may.ts';
import { putPerson } from '../../../src/web/people/people.ts';
import { beginSession, sessionOfCookie } from '../../../src/web/people/sessions.ts';
import type { PlaceOfWeb } from '../place.ts';

/** Somebody new who is signed in: one may ask only so often. */
export const somebody = async ({ store, clock }: PlaceOfWeb, scope: Scope, name: string) => {
  const now = clock.now();
  const { id: personId } = await putPerson(store, name, scope, now);
  const value = await beginSession(store, { personId, peer: 'test', ended: undefined, now });
  return { cookie: `nightdrop=${value}`, formToken: (await sessionOfCookie(store, value, now))?.formToken ?? '' };
};

/** A request whose path is sent as it is written: `fetch` tidies it up. */
export const rawRequest = (
  { base }: PlaceOfWeb,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const sent = request({ hostname, port, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString(), headers: answer.headers }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
