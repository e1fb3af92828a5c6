import { type Document, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type { Path } from './problem.ts';

/** Something that keeps a YAML text from being read, or from meaning one thing only. */
export interface YamlProblem {
  path: Path;
  message: string;
  hint: string;
}

/** What YAML's error codes mean, in words. The parser's own messages may quote the text, which may hold a secret. */
const reasons: Record<string, [message: string, hint: string]> = {
  BAD_ALIAS: ['an alias cannot be used like this', 'put a text that begins with * or & in quotes'],
  BAD_DQ_ESCAPE: ['a \\ in double quotes begins an unknown escape', 'use single quotes, or write \\\\'],
  BAD_INDENT: ['the indentation does not fit', 'indent by two spaces; close every bracket'],
  BAD_SCALAR_START: ['a text begins with a character that means something in YAML', 'put the text in quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['there are two "key: value" on one line', 'put a text that contains ": " in quotes'],
  BLOCK_IN_FLOW: ['a list or section inside brackets is not written with commas', 'write [a, b] or {a: 1, b: 2}'],
  MISSING_CHAR: ['a character is missing', 'close every quote and bracket; a key ends with a colon and a space'],
  MULTILINE_IMPLICIT_KEY: ['a key runs over several lines', 'a key ends with a colon and a space'],
  MULTIPLE_DOCS: ['there are several documents in one file', 'remove the lines that are only ---'],
  TAB_AS_INDENT: ['a tab is used for indentation', 'indent with spaces'],
  TAG_RESOLVE_FAILED: ['a text begins with !, which names a type in YAML', 'put the text in quotes'],
  UNEXPECTED_TOKEN: ['there is something that does not belong here', 'put a text with special characters in quotes'],
};
const unknownReason: [string, string] = ['this is not valid YAML', 'compare with the example in config/README.md'];

type Ancestors = Parameters<Extract<Parameters<typeof visit>[1], { Pair?: unknown }>['Pair'] & object>[2];

const pathOf = (ancestors: Ancestors): Path =>
  ancestors.flatMap((node, index): Path => {
    const inside = ancestors[index + 1];
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : '?'];
    return isSeq(node) && inside !== undefined ? [node.items.indexOf(inside)] : [];
  });

const keyAt = (document: Document.Parsed, at: number): Path => {
  let found: Path = [];
  visit(document, {
    Pair: (_, pair, ancestors) => {
      if (!isScalar(pair.key) || pair.key.range?.[0] !== at) return undefined;
      found = [...pathOf(ancestors), String(pair.key.value)];
      return visit.BREAK;
    },
  });
  return found;
};

const explain = (document: Document.Parsed, lines: LineCounter, error: YAMLError): YamlProblem => {
  const { line, col } = lines.linePos(error.pos[0]);
  if (error.code === 'DUPLICATE_KEY') {
    const path = keyAt(document, error.pos[0]);
    const key = path.at(-1) ?? '';
    return { path, message: `line ${line}: the key "${key}" is there twice`, hint: 'keep one of the two' };
  }
  const [message, hint] = reasons[error.code] ?? unknownReason;
  return { path: [], message: `line ${line}, column ${col}: ${message}`, hint };
};

/**
 * Reads one YAML 1.2 document. `raw` is undefined when it cannot be read at all; a key that is there twice is a problem,
 * but the rest can still be looked at.
 */
export const readYaml = (text: string): { raw: unknown; problems: YamlProblem[] } => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors.find((error) => error.code !== 'DUPLICATE_KEY');
  const others = [...document.errors, ...document.warnings].filter(
    (error) => error.code === 'DUPLICATE_KEY' || !syntax,
  );
  // After the first error of syntax the parser guesses; what it says then would only confuse.
  const problems = [...(syntax ? [syntax] : []), ...others].map((error) => explain(document, lines, error));
  if (syntax) return { raw: undefined, problems };
  try {
    return { raw: (document.toJS() as unknown) ?? {}, problems };
  } catch {
    const message = 'an alias (*name) has no anchor (&name) before it, or there are too many';
    return {
      raw: undefined,
      problems: [...problems, { path: [], message, hint: 'put a text that begins with * in quotes' }],
    };
  }
};
