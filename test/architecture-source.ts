import { posix } from 'node:path';
import ts from 'typescript';

/** A source file as the rules see it. `path` from the project's root, with slashes. */
export interface Source {
  path: string;
  lines: number;
  imports: Import[];
  /** `process.env`, `new Date()`, `console.log` …: what the file touches beside its imports. */
  touches: { what: string; line: number }[];
  /** Names it declares. */
  names: { name: string; line: number }[];
  defaultExport?: number;
}

export interface Import {
  /** A path from the root for our own files, a package's name for others (`node:` ones are left out). */
  target: string;
  own: boolean;
  typeOnly: boolean;
  /** A worker's entry, named by `new URL('./x.ts', import.meta.url)`. */
  worker: boolean;
  line: number;
}

/** Reads one file's imports, dynamic imports, worker entries, and what it touches. Comments and texts do not count. */
export const readSource = (path: string, text: string): Source => {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const source: Source = { path, lines: text.trimEnd().split('\n').length, imports: [], touches: [], names: [] };
  const lineOf = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const visit = (node: ts.Node): void => {
    noteImport(source, node, lineOf(node));
    for (const what of touchedBy(node)) source.touches.push({ what, line: lineOf(node) });
    const name = declaredBy(node);
    if (name !== undefined) source.names.push({ name, line: lineOf(node) });
    if (isDefaultExport(node)) source.defaultExport ??= lineOf(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return source;
};

/** Where a node imports from, and whether only types. */
const importIn = (node: ts.Node): { from: ts.Node | undefined; typeOnly: boolean; worker?: true } | undefined => {
  if (ts.isImportDeclaration(node)) return { from: node.moduleSpecifier, typeOnly: isTypeOnly(node.importClause) };
  if (ts.isExportDeclaration(node)) return { from: node.moduleSpecifier, typeOnly: node.isTypeOnly };
  if (ts.isImportTypeNode(node)) {
    return { from: ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, typeOnly: true };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { from: node.arguments[0], typeOnly: false };
  }
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'URL') return undefined;
  const [from, base] = node.arguments ?? [];
  const isEntry = from && ts.isStringLiteralLike(from) && from.text.endsWith('.ts');
  return isEntry && base?.getText() === 'import.meta.url' ? { from, typeOnly: false, worker: true } : undefined;
};

const noteImport = (source: Source, node: ts.Node, line: number): void => {
  const { from, typeOnly = false, worker = false } = importIn(node) ?? {};
  if (!from || !ts.isStringLiteralLike(from) || from.text.startsWith('node:')) return;
  const own = /^\.\.?\//.test(from.text);
  const [packageName] = /^(@[^/]+\/)?[^/]+/.exec(from.text) ?? [from.text];
  const target = own ? posix.join(posix.dirname(source.path), from.text) : packageName;
  source.imports.push({ target, own, typeOnly, worker, line });
};

const isTypeOnly = (clause: ts.ImportClause | undefined): boolean => {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return !clause.name && !!names && ts.isNamedImports(names) && names.elements.every((element) => element.isTypeOnly);
};

/** `a.b` for what a node reads of a global, and `new Date()` for the time without an argument. */
const touchedBy = (node: ts.Node): string[] => {
  if (ts.isPropertyAccessExpression(node)) return [`${node.expression.getText()}.${node.name.text}`];
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return [`${node.expression.getText()}.${node.argumentExpression.text}`];
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
    return ['new Date()'];
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return ['new Date()'];
  if (!ts.isVariableDeclaration(node) || !ts.isObjectBindingPattern(node.name) || !node.initializer) return [];
  const global = node.initializer.getText();
  return node.name.elements.map(({ propertyName, name }) => `${global}.${(propertyName ?? name).getText()}`);
};

/** The name of what a node declares. */
const declaredBy = (node: ts.Node): string | undefined => {
  const isType = ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
  if (!isType && !ts.isFunctionDeclaration(node) && !ts.isVariableDeclaration(node)) return undefined;
  return node.name && ts.isIdentifier(node.name) ? node.name.text : undefined;
};

const isDefaultExport = (node: ts.Node): boolean =>
  ts.isExportAssignment(node) ||
  (ts.isExportSpecifier(node) && node.name.text === 'default') ||
  (ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword));
