import ssh2 from 'ssh2';

/** What is wrong with a private key, and what to do about it. Neither holds any part of the key. */
export interface KeyProblem {
  message: string;
  hint: string;
  /** Whether the passphrase is to blame, not the key. */
  of: 'key' | 'passphrase';
}

const format = 'give the private key as ssh-keygen writes it; "ssh-keygen -p -f KEY" converts an older one';

const explain = (reason: string, key: string): KeyProblem => {
  if (/no passphrase/.test(reason))
    return {
      message: 'the key is encrypted and there is no passphrase',
      hint: 'add passphrase: {env: NAME}',
      of: 'key',
    };
  if (/passphrase/i.test(reason))
    return { message: 'the passphrase does not open the key', hint: 'check the passphrase', of: 'passphrase' };
  if (/BEGIN (ENCRYPTED )?PRIVATE KEY/.test(key))
    return { message: 'the key is in PKCS#8 form, which cannot be read', hint: format, of: 'key' };
  return { message: 'this is not a private key that can be read', hint: format, of: 'key' };
};

/** Why this private key cannot be used with this passphrase; undefined when it can. */
export const keyProblem = (key: string, passphrase?: string): KeyProblem | undefined => {
  const parsed = ssh2.utils.parseKey(key, passphrase);
  if (parsed instanceof Error) return explain(parsed.message, key);
  const [first] = [parsed].flat();
  if (first?.isPrivateKey() === true) return undefined;
  return { message: 'this is a public key', hint: 'give the private key, the file without .pub', of: 'key' };
};
