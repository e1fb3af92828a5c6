import type { DropSpec, Learned } from '../drop.ts';
import { openDrop } from '../open-drop.ts';
import type { MovingDrop } from '../put.ts';
import { advise } from './advice.ts';
import { blockOf, type Section } from './block.ts';
import type { Exam, Facts } from './exam.ts';
import { tryFiles } from './files.ts';
import { openFolderDrop } from './folder.ts';
import { makeProbes } from './probes.ts';
import type { DoctorReport, DoctorStep } from './report.ts';
import { tryRoundTrip, trySecondSession } from './sessions.ts';
import { Halt, makeRun } from './run.ts';
import { openSftpDrop } from './sftp.ts';
import { openFtpsDrop } from './ftps.ts';
import { stepsFor } from './steps.ts';
import { cleanUp } from './clean-up.ts';

export interface DoctorOptions {
  /** The drop's section as configured; the block to paste is made of it. */
  section: Section;
  /** Milliseconds since 1970; certificates are judged as of now. */
  now: number;
  /** Called with each step as it ends. */
  tell?(step: DoctorStep): void;
  /** Ends the examination; what was written is removed first. */
  signal?: AbortSignal;
}

/** Longest wait for one answer of a server, in milliseconds; a drop may have a shorter one. */
const patience = 20_000;

const openFor = (exam: Exam): Promise<MovingDrop> => {
  const { spec } = exam;
  switch (spec.kind) {
    case 'folder':
      return openFolderDrop(exam, spec);
    case 'sftp':
      return openSftpDrop(exam, spec);
    case 'ftps':
      return openFtpsDrop(exam, spec);
    default:
      return spec satisfies never;
  }
};

const unlessHalted = (error: unknown): undefined => {
  if (error instanceof Halt) return undefined;
  throw error;
};

const tryAll = async (exam: Exam): Promise<void> => {
  let drop: MovingDrop | undefined;
  try {
    drop = await openFor(exam);
    await tryFiles(exam, drop);
    if (exam.spec.kind !== 'folder') {
      await tryRoundTrip(exam, drop);
      await trySecondSession(exam);
    }
  } catch (error) {
    unlessHalted(error);
  }
  const untold = exam.run.untold().filter((step) => step !== 'clean-up');
  const why = exam.signal?.aborted === true ? 'told to stop' : exam.run.lost() ? 'the connection was lost' : '';
  untold.forEach((step) => exam.run.skip(step, why));
  await cleanUp(exam, drop);
};

const reportOf = ({ spec, run, learned, facts, signal }: Exam, section: Section): DoctorReport => ({
  drop: spec.name,
  ok: signal?.aborted !== true && run.steps.every(({ result }) => result !== 'failed'),
  steps: [...run.steps],
  learned: { ...learned },
  block: blockOf(spec, section, facts, learned),
});

/**
 * Tries a drop step by step, as a delivery would use it, and says of each failed step the cause and the setting to use.
 * Works before the drop is right: no credentials are sent to a server that is not pinned. Every name it writes begins
 * with `.nightdrop-doctor-` and is removed again, also when `signal` fires; what could not be removed is named in the
 * step `clean-up`. Never throws for what is wrong with the drop.
 */
export const examine = async (spec: DropSpec, { section, now, tell, signal }: DoctorOptions): Promise<DoctorReport> => {
  const offered: string[] = [];
  const learned: Learned = {};
  const facts: Facts = {};
  const patient = { ...spec, stepTimeout: Math.min(spec.stepTimeout, patience) };
  const run = makeRun({
    plan: stepsFor(spec),
    advise: (step, fault) => advise(step, fault, patient, { offered, around: facts.around }),
    tell: (step) => tell?.(step),
    signal,
  });
  const probes = await makeProbes();
  const exam: Exam = {
    spec: patient,
    run,
    probes,
    signal,
    now,
    left: new Set(),
    facts,
    learned,
    offered,
    sessions: section['sessions'],
    closing: [],
    reopen: () => openDrop(patient),
  };
  try {
    await tryAll(exam);
  } finally {
    for (const close of exam.closing) await close();
    await probes.discard();
  }
  return reportOf({ ...exam, spec }, section);
};
