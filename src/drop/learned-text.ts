import type { Learned } from './drop.ts';

/** What was learned about a server, in the words of the settings where there are any. */
export const learnedText = (learned: Learned | null): string => {
  if (!learned) return 'nothing yet';
  const { software, writes, looks, renames, names, tls, session, passive } = learned;
  const said = [
    software,
    writes === 'one' ? 'one write at a time' : undefined,
    looks === undefined || looks === 'by name' ? undefined : `looks: ${looks}`,
    renames === undefined ? undefined : `a rename ${renames} an existing name`,
    names === 'folded' ? 'names without regard to case' : undefined,
    tls,
    session === undefined ? undefined : `session ${session}`,
    passive,
  ].filter((word) => word !== undefined);
  return said.join(', ') || 'nothing special';
};
