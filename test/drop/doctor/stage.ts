import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { examine } from '../../../src/drop/doctor/doctor.ts';
import type { DoctorReport, StepName } from '../../../src/drop/doctor/report.ts';
import type { DropSpec } from '../../../src/drop/drop.ts';
import { sha256 } from '../stage.ts';

/** Every name below a folder with what is in it. */
export const contents = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const found = lstatSync(path);
      return `${name} ${found.mode.toString(8)} ${found.isFile() ? sha256(readFileSync(path)) : ''}`;
    });

export const section = {
  kind: 'sftp',
  host: 'sftp.acme.example',
  user: 'nightdrop',
  key: { file: '/run/secrets/acme' },
};

/** The report on a drop; `more` stands in its section. */
export const look = (spec: DropSpec, more: Record<string, unknown> = {}): Promise<DoctorReport> =>
  examine(spec, { section: { ...section, ...more }, now: Date.now() });

/** The only step that failed. */
export const failed = (report: DoctorReport): { step: StepName; cause: string; hint: string } => {
  const all = report.steps.filter(({ result }) => result === 'failed');
  expect(all.map(({ step }) => step)).toHaveLength(1);
  expect(report.ok).toBe(false);
  const [one] = all;
  if (!one?.cause || !one.hint) throw new Error(`no cause or hint: ${JSON.stringify(one)}`);
  return { step: one.step, cause: one.cause, hint: one.hint };
};

export const resultOf = (report: DoctorReport, step: StepName) => report.steps.find((one) => one.step === step);
