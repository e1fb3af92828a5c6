/** How much of a mail is searched for its header. */
export const headBytes = 64 * 1024;

const field = /^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,990}>)/im;

/** The Message-ID of a mail's header, as far as it lies in `head`; null when there is none. */
export const messageIdOf = (head: Buffer): string | null => {
  const text = head.subarray(0, headBytes).toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  return field.exec(text.slice(0, end))?.[1] ?? null;
};
