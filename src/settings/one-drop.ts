import { resolve } from 'node:path';
import type { DropPlan } from '../outbound/delivery/delivery.ts';
import { readConfigFolder } from './config-folder.ts';
import { readDropSection } from './drop-section.ts';
import type { Sources } from './load-settings.ts';
import { dotted, type Path, type Problem, type Reading, valueAt } from './problem.ts';
import { namesIn } from './shape.ts';

/** A drop's section as it stands in its partner's file: plain data, secrets as `{env}` or `{file}`. */
export type DropSection = Readonly<Record<string, unknown>>;

/** One drop read by itself, whatever the rest of the configuration is like. */
export interface OneDrop {
  /** What is wrong with its section, but for its pins. */
  problems: Problem[];
  /** What is wrong with its `hostKeys` or `certificates`; `plan` then has none, and trusts nothing. */
  pinProblems: Problem[];
  /** Undefined when the section cannot be used. */
  plan: DropPlan | undefined;
  section: DropSection;
}

/** The drop of that name, or the names that there are, with what keeps files from being read. */
export type FoundDrop = { ok: true; drop: OneDrop } | { ok: false; names: string[]; problems: Problem[] };

const pins = ['hostKeys', 'certificates'];

const isAbout = (problem: Problem, path: Path, key: string): boolean => {
  const field = dotted([...path, key]);
  return problem.field === field || problem.field.startsWith(`${field}[`);
};

/** A copy without the pins, so that a section with a wrong pin can be read all the same. */
const withoutPins = (raw: unknown, name: string): unknown => {
  const copy = structuredClone(raw);
  const section = valueAt(copy, ['drops', name]);
  if (typeof section === 'object' && section !== null) for (const key of pins) Reflect.deleteProperty(section, key);
  return copy;
};

/** Pins that cannot be read stand all the same: without them authorities would decide, whom nobody chose. */
const trustingNothing = (plan: DropPlan | undefined): DropPlan | undefined =>
  plan?.spec.kind === 'ftps' ? { ...plan, spec: { ...plan.spec, certificates: [] } } : plan;

const readOne = (reading: Reading, name: string): OneDrop => {
  const path = ['drops', name];
  const own: Reading = { ...reading, problems: [] };
  const plan = readDropSection(own, path, name);
  const isPin = (problem: Problem) => pins.some((key) => isAbout(problem, path, key));
  const pinProblems = own.problems.filter(isPin);
  const problems = own.problems.filter((problem) => !isPin(problem));
  const found = valueAt(reading.raw, path);
  const section = typeof found === 'object' && found !== null && !Array.isArray(found) ? { ...found } : {};
  const bare = { ...own, raw: withoutPins(reading.raw, name), problems: [] };
  if (plan) return { problems, pinProblems, plan, section };
  const unpinned = readDropSection(bare, path, name);
  return { problems, pinProblems, plan: pinProblems.length > 0 ? trustingNothing(unpinned) : unpinned, section };
};

/**
 * Reads one drop for somebody who wants to try it before the configuration is right: only problems of its own section
 * count, and those of its pins are told apart.
 */
export const loadDrop = ({ configFolder, dataFolder, env, now }: Sources, name: string): FoundDrop => {
  const problems: Problem[] = [];
  const context = { env, dataFolder: resolve(dataFolder), problems, now, later: [] };
  const partners = readConfigFolder(resolve(configFolder), context).filter(({ kind }) => kind === 'partner');
  const holder = partners.find(({ reading }) => namesIn(reading, 'drops').includes(name));
  if (holder) return { ok: true, drop: readOne(holder.reading, name) };
  return { ok: false, names: partners.flatMap(({ reading }) => namesIn(reading, 'drops')), problems };
};
