import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { type DKIMSignOptions, dkimSign } from 'mailauth';
import type { MailToJudge } from '../../../src/inbound/mail/judgement.ts';

/** A key for signing, and the record that publishes it. */
export interface SigningKey {
  pem: string;
  record: string;
}

export const signingKey = (modulusLength = 2048): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { pem, record: `v=DKIM1; k=rsa; p=${der.toString('base64')}` };
};

/** A message with these header lines in front of a body with a small CSV. */
export const rawMail = (...headers: string[]): string => {
  const fixed = ['To: sale@submit.example.test', 'Subject: returns', 'Date: Sat, 21 Nov 2026 02:00:00 +0000'];
  const body = ['ActionId,Amount,Reason', '1000.4636.158133,0,ITEM_RETURNED'];
  return [...headers, ...fixed, 'MIME-Version: 1.0', 'Content-Type: text/csv; name=returns.csv', '', ...body, ''].join(
    '\r\n',
  );
};

export interface Signing {
  domain: string;
  key: SigningKey;
  selector?: string;
  canonicalization?: string;
  maxBodyLength?: number;
  expires?: Date;
}

/** The message with a DKIM signature in front, by mailauth's own signer. */
export const signed = async (raw: string, signing: Signing): Promise<string> => {
  const { domain, key, selector = 's1', canonicalization = 'relaxed/relaxed', maxBodyLength, expires } = signing;
  const one: DKIMSignOptions = { signingDomain: domain, selector, privateKey: key.pem, canonicalization };
  if (maxBodyLength !== undefined) one.maxBodyLength = maxBodyLength;
  if (expires) one.expires = expires;
  const options = { ...one, signTime: new Date(Date.now() - 60_000), signatureData: [one] };
  const { signatures, errors } = await dkimSign(raw, options);
  if (errors.length > 0) throw new Error(`not signed: ${String(errors[0]?.err)}`);
  return signatures + raw;
};

/** A mail from an allowed sender of brand.example, to the address of event type 4521. */
export const mailOf = (raw: string | Buffer, changes: Partial<MailToJudge> = {}): MailToJudge => ({
  peer: '192.0.2.7',
  helo: 'mx.brand.example',
  envelopeFrom: 'reports@brand.example',
  recipients: [{ recipient: 'sale@submit.example.test', eventTypeId: 4521 }],
  tls: null,
  raw: () => Readable.from([Buffer.from(raw)]),
  ...changes,
});
