import ssh2 from 'ssh2';

type Options = { passphrase: string; cipher: string; rounds: number };

/**
 * An Ed25519 key pair as ssh2 writes it. Its generator writes about one private key in two hundred that it cannot
 * read itself (keys of ssh-keygen are all read: 900 of 900 tried), so those are thrown away.
 */
export const sshKeyPair = (options?: Options): { public: string; private: string } => {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', options);
    if (!(ssh2.utils.parseKey(pair.private, options?.passphrase) instanceof Error)) return pair;
  }
};
