/** The sections that may hold a secret, perhaps under a mistyped key: they are not shown as a whole. */
const secretive = ['drops', 'mail', 'alerts', 'database'];
/** Keys under which nothing is shown but where the secret is to be found. */
const secretKeys = /pass|secret|token|webhook|^key$|credential|pwd/i;
const longest = 200;

const isName = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value);

/** `postgres://user:secret@host` → `postgres://user:***@host`, wherever it stands in a text. */
const withoutPassword = (text: string): string =>
  text.replace(/\/\/([^/@\s:]*):[^@\s]*@/g, '//$1:***@').replace(/([?&]\w*pass\w*=)[^&\s]*/gi, '$1***');

const plain = (text: string): string => {
  const safe = withoutPassword(text);
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe;
};

/** `{env: NAME}` and `{file: PATH}` say where a secret is; they are no secrets unless somebody put one there. */
const source = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const [key, where] = entries[0] ?? [];
  if (entries.length !== 1 || typeof where !== 'string') return undefined;
  if (key === 'env') return isName(where) ? JSON.stringify(value) : undefined;
  return key === 'file' && where.length <= longest && !where.includes('\n') ? JSON.stringify(value) : undefined;
};

/** Whether a key on the way is one for secrets. Names that a person chose do not count: `feeds.token-sales`. */
const isUnderSecretKey = (path: readonly (string | number)[]): boolean => {
  const keys = path[0] === 'feeds' || path[0] === 'drops' ? path.slice(2) : path;
  return keys.some((part) => typeof part === 'string' && secretKeys.test(part));
};

const masked = (key: string, value: unknown): unknown => {
  if (secretKeys.test(key) && value !== null && value !== undefined) return source(value) ? value : '***';
  return typeof value === 'string' ? withoutPassword(value) : value;
};

/**
 * A value of the configuration as a problem may show it: never a secret, never longer than a line or two. Lists and
 * sections come as JSON, as far as they cannot hold a secret.
 */
export const shownValue = (path: readonly (string | number)[], value: unknown): string | number | boolean | null => {
  if (value === undefined || value === null) return null;
  if (isUnderSecretKey(path)) return source(value) ?? '***';
  if (typeof value === 'string') return plain(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (secretive.includes(String(path[0]))) return source(value) ?? null;
  return plain(JSON.stringify(value, masked) ?? '');
};
