import type { SafeName } from '../../safe-name.ts';
import type { Outgoing } from '../drop.ts';
import type { MovingDrop } from '../put.ts';
import { codeOf, type Exam, send } from './exam.ts';
import type { Finding, StepName } from './report.ts';
import { tryRenames } from './renames.ts';
import { size, speed, time } from './text.ts';

const firstBytes = 64 * 1024;
/** Each is sent only when the one before took less than `quick` milliseconds, so that a slow line is not kept long. */
const sizes = [256 * 1024, 1024 * 1024, 4 * 1024 * 1024];
const quick = 500;

const tryList = ({ run }: Exam, drop: MovingDrop): Promise<boolean> =>
  run.attempt('list', async () => {
    try {
      const entries = await drop.list();
      return { detail: entries.length === 1 ? '1 file' : `${entries.length} files` };
    } catch (error) {
      if (!['denied', 'blind', 'refused'].includes(codeOf(error) ?? '')) throw error;
      return {
        result: 'note',
        detail: 'the server does not let us list the folder',
        cause: 'the user may write here and not list',
        hint: 'nothing to set: files are then asked for by name. "watchPickup: true" may not see what is fetched',
      };
    }
  });

/** Names of ours begin with a dot, and some servers refuse such names: does one without a dot work? */
const dotIsToBlame = async (exam: Exam, drop: MovingDrop): Promise<boolean> => {
  const plain = await exam.probes.make(16, { plain: true, straight: true });
  const works = await send(exam, drop, plain).then(
    () => true,
    () => false,
  );
  if (works) await forget(exam, drop, plain);
  return works;
};

/** Removes a probe that has served; what cannot be removed now is left to the clean-up. */
const forget = ({ left }: Exam, drop: MovingDrop, file: Outgoing): Promise<unknown> =>
  drop.moves.remove(file.partial).then(
    () => left.delete(file.partial),
    () => undefined,
  );

const noDots: Finding = {
  result: 'failed',
  detail: '',
  cause: 'the server refuses names that begin with a dot; files in flight have such names',
  hint: 'ask the partner to allow names that begin with "."; or "rename: false" for this drop and marker: "{name}.done" in the files of its feeds',
};

/** The probe that could be written; undefined when none could. */
const tryWrite = async (exam: Exam, drop: MovingDrop, straight: boolean): Promise<Outgoing | undefined> => {
  let file = await exam.probes.make(firstBytes, { straight });
  const write = async (): Promise<Finding> => {
    const from = performance.now();
    await send(exam, drop, file);
    const synced = exam.learned.syncs === true ? ', and the server says it is on its disk' : '';
    return { detail: `${size(file.bytes)} in ${time(performance.now() - from)}${synced}` };
  };
  const written = await exam.run.attempt('write', async () => {
    try {
      return await write();
    } catch (error) {
      const refused = codeOf(error) === 'denied' || codeOf(error) === 'refused';
      if (!refused || !(await dotIsToBlame(exam, drop))) throw error;
      exam.facts.cannotRename = true;
      if (!straight) return noDots;
      // Final names need no dot, so that deliveries to this drop work.
      exam.probes.avoidDots();
      file = await exam.probes.make(firstBytes, { straight });
      return write();
    }
  });
  return written ? file : undefined;
};

const keptNothing: Finding = {
  result: 'failed',
  detail: 'nothing is there',
  cause:
    'the server said yes to every write and the file is not there: it keeps nothing, or somebody takes files before they are whole',
  hint: 'ask the partner what happens to new files; names that begin with a dot must be left alone',
};

const notByName = (bytes: number, how: string): Finding => ({
  result: 'note',
  detail: `${bytes} bytes, found ${how}`,
  cause: 'the server does not let us ask for a file by its name',
  hint: 'nothing to set: it is looked for in another way, which takes longer',
});

const trySize = ({ run, learned, facts, spec }: Exam, drop: MovingDrop, file: Outgoing): Promise<boolean> =>
  run.attempt('size', async () => {
    try {
      const found = await drop.moves.look(file.partial, file.bytes);
      if (!found) return keptNothing;
      const how = learned.looks ?? 'by name';
      if (found.bytes === file.bytes)
        return how === 'by name' ? { detail: `${found.bytes} bytes, found by name` } : notByName(found.bytes, how);
      const cause = `${file.bytes} bytes were sent and the server shows ${found.bytes}: it changes files or loses bytes`;
      return {
        result: 'failed',
        detail: '',
        cause,
        hint: 'ask the partner; a server that converts text must store bytes as they are',
      };
    } catch (error) {
      if (codeOf(error) !== 'blind') throw error;
      facts.blind = true;
      if (spec.confirm === 'none') return { result: 'note', detail: 'nobody may look; "confirm: none" is right' };
      throw error;
    }
  });

/** Whether names that differ in case only are one name. */
const tryNames = async ({ run, learned }: Exam, drop: MovingDrop, file: Outgoing): Promise<void> => {
  if (learned.looks === 'not') return run.skip('names', 'nobody may look');
  await run.attempt('names', async () => {
    const other = file.partial.replace('nightdrop', 'NIGHTDROP') as SafeName;
    const found = await drop.moves.look(other);
    if (learned.names === undefined) learned.names = found ? 'folded' : 'exact';
    if (learned.names === 'exact') return { detail: 'upper and lower case are told apart' };
    const cause = 'names that differ in upper and lower case only are one name at this server';
    return {
      result: 'note',
      detail: 'upper and lower case are one',
      cause,
      hint: 'let the names of feeds that share this folder differ in more than that',
    };
  });
};

const tryRemove = (exam: Exam, drop: MovingDrop): Promise<boolean> =>
  exam.run.attempt('remove', async () => {
    const names = [...exam.left];
    try {
      for (const name of names) {
        await drop.moves.remove(name);
        exam.left.delete(name);
      }
    } catch (error) {
      if (codeOf(error) !== 'denied' && codeOf(error) !== 'refused') throw error;
      const hint = 'ask the partner for the right to delete files; without it what a failed attempt leaves stays there';
      return { result: 'note', detail: '', cause: 'the server does not let us delete what we have written', hint };
    }
    const seen = await Promise.all(exam.learned.looks === 'not' ? [] : names.map((name) => drop.moves.look(name)));
    const still = seen.flatMap((entry) => entry ?? []);
    if (still.length === 0) return { detail: 'all that was written is gone again' };
    names.forEach((name) => exam.left.add(name));
    return {
      result: 'failed',
      detail: '',
      cause: 'the server says that files are deleted and they are still there',
      hint: 'ask the partner what keeps them',
    };
  });

const tryThroughput = (exam: Exam, drop: MovingDrop, straight: boolean): Promise<boolean> =>
  exam.run.attempt('throughput', async () => {
    let detail = '';
    for (const bytes of sizes) {
      const file = await exam.probes.make(bytes, { straight });
      const from = performance.now();
      await send(exam, drop, file);
      const ms = performance.now() - from;
      detail = `${size(bytes)} in ${time(ms)}: ${speed(bytes, ms)}`;
      await forget(exam, drop, file);
      if (ms > quick) break;
    }
    if (exam.learned.writes !== 'one' || exam.spec.concurrency === 1) return { detail };
    const cause = 'the server refuses several writes in flight; each file is begun twice';
    return {
      result: 'note',
      detail: `${detail}, one write at a time`,
      cause,
      hint: 'set "concurrency: 1" for this drop',
    };
  });

const afterWrite: StepName[] = ['size', 'names', 'rename', 'taken', 'remove', 'throughput'];

/** Tries everything that a delivery does with files. What it could not remove stays in `left`. */
export const tryFiles = async (exam: Exam, drop: MovingDrop): Promise<void> => {
  const straight = exam.spec.rename === false;
  await tryList(exam, drop);
  const file = await tryWrite(exam, drop, straight);
  if (!file) {
    afterWrite.forEach((step) => exam.run.skip(step, 'nothing could be written'));
    return;
  }
  if (await trySize(exam, drop, file)) {
    await tryNames(exam, drop, file);
    await tryRenames(exam, drop, file);
  } else
    (['names', 'rename', 'taken'] as const).forEach((step) =>
      exam.run.skip(step, 'the file was not found whole there'),
    );
  await tryRemove(exam, drop);
  await tryThroughput(exam, drop, straight);
};
