import { wrongRequest } from './problem.ts';

/** Characters of the name of a saved mapping. */
export const longestMappingName = 80;

/** A name as it is kept. Fault `usage` for one that is empty, too long, or holds what cannot be seen. */
export const mappingName = (text: string): string => {
  const name = text.trim();
  const hint = `give a name of at most ${longestMappingName} characters`;
  if (name === '') throw wrongRequest('the name', 'it is empty', hint);
  if (name.length > longestMappingName) throw wrongRequest('the name', 'it is too long', hint);
  if (/\p{Cc}/u.test(name)) throw wrongRequest('the name', 'it holds a control character', hint);
  return name;
};
