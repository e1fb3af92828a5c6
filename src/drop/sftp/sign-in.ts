import type { AuthenticationType, AuthHandlerMiddleware, ConnectConfig, NextAuthHandler } from 'ssh2';
import type { SftpSpec } from '../drop.ts';

/** What somebody may want to hear while a connection is made. */
export interface Listener {
  /** Called with the ways to sign in that the server offers, before any credential is sent. */
  offered(methods: readonly string[]): void;
  /** Called when the server has let us in; what is left is to open SFTP. */
  signedIn(): void;
}

/** Asks first, without a credential, which ways there are. */
const askingFirst =
  (signIn: AuthHandlerMiddleware, listener: Listener): AuthHandlerMiddleware =>
  (left: AuthenticationType[] | null, partial: boolean, next: NextAuthHandler) => {
    if (left === null) return next('none');
    listener.offered(left);
    return signIn(left, partial, next);
  };

/** A key, a password, and the password once more where a server asks for it as a question; each at most once. */
const signInWith = (spec: SftpSpec): AuthHandlerMiddleware => {
  const tried = new Set<string>();
  const password = spec.password?.reveal();
  return (left: string[] | null, _partial: boolean, next: NextAuthHandler) => {
    const may = (type: string) => !tried.has(type) && (left === null || left.includes(type)) && tried.add(type);
    if (spec.key && may('publickey')) return next('publickey');
    if (password === undefined) return next(false as never);
    if (may('password')) return next('password');
    // Only where "password" is not offered: a wrong password must not count twice against us.
    if (!left?.includes('keyboard-interactive') || left.includes('password') || !may('keyboard-interactive'))
      return next(false as never);
    return next({
      type: 'keyboard-interactive',
      username: spec.user,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    });
  };
};

/** User and credentials for ssh2. With a listener the server is asked for its ways to sign in first. */
export const credentials = (spec: SftpSpec, listener?: Listener): ConnectConfig => ({
  username: spec.user,
  ...(spec.password && { password: spec.password.reveal() }),
  ...(spec.key && { privateKey: spec.key.reveal() }),
  ...(spec.passphrase && { passphrase: spec.passphrase.reveal() }),
  authHandler: listener ? askingFirst(signInWith(spec), listener) : signInWith(spec),
});
