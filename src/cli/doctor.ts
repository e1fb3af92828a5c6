import type { DropSpec } from '../drop/drop.ts';
import type { DoctorReport, DoctorStep } from '../drop/doctor/report.ts';
import { asFault } from '../fault.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { loadDrop, type OneDrop } from '../settings/one-drop.ts';
import { suggestion } from '../settings/suggest.ts';
import type { Store } from '../store/store.ts';
import { examineDrop } from '../web/examination.ts';
import { argument, wrongUse } from './arguments.ts';
import { byHand } from './by-hand.ts';
import type { CliCommand, Session } from './command.ts';
import { stepText, verdictText } from './doctor-text.ts';
import { problemText, WrongConfiguration } from './edge.ts';
import { exit } from './exit-code.ts';
import { whileInterruptible } from './interrupt.ts';
import { hasDatabase, makeOwnDrops, openDatabase, sourcesOf } from './wire.ts';

/** The drop by itself: the rest of the configuration may be wrong. */
const dropOf = (session: Session, name: string): OneDrop => {
  const found = loadDrop(sourcesOf(session), name);
  if (found.ok) return found.drop;
  if (found.problems.length > 0) throw new WrongConfiguration(found.problems, session.configFolder);
  throw wrongUse(`the drop "${name}"`, 'there is no such drop', suggestion(name, found.names));
};

/** The database, where the whole configuration is in order and there is one; the examination does without. */
const storeIfAny = async (session: Session): Promise<Store | undefined> => {
  const loaded = await loadSettings(sourcesOf(session));
  if (!loaded.ok) return undefined;
  await makeOwnDrops(loaded.settings);
  if (!hasDatabase(loaded.settings)) return undefined;
  try {
    return await openDatabase(loaded.settings, session);
  } catch (error) {
    const { message, hint } = asFault(error, 'open', 'the database');
    session.out.say(`Keys trusted since are not looked at: ${message} (${hint})`);
    return undefined;
  }
};

const examineWith = async (session: Session, spec: DropSpec, section: OneDrop['section']): Promise<DoctorReport> => {
  const { out, clock } = session;
  const tell = (step: DoctorStep) => out.part(stepText(step));
  const store = await storeIfAny(session);
  try {
    const options = { section, now: clock.now(), tell };
    const examine = () => whileInterruptible((signal) => examineDrop(store, spec, { ...options, signal }));
    const deed = { action: 'drops.examine', object: `drop ${spec.name}` } as const;
    return await (store ? byHand({ store, clock }, deed, examine) : examine());
  } finally {
    await store?.close();
  }
};

export const doctor: CliCommand = {
  name: 'doctor',
  args: [{ name: '<drop>', text: 'a drop of one of the partners' }],
  options: [],
  summary: 'tries a drop step by step and says of what fails the cause and the setting',
  details:
    'From looking up the name to removing a file, each step with its own deadline; no credentials are sent to a server ' +
    'whose host key or certificate is not trusted. It is the first thing to run with a new partner: it also works while ' +
    'the drop has no host keys yet, and shows them. It writes a few small files whose names begin with ' +
    '.nightdrop-doctor- and removes them again, also after Ctrl-C. It ends with a section to paste. Exit code 1 when a ' +
    'step failed.',
  examples: [
    ['doctor acme-sftp', 'one line per step as it happens'],
    ['doctor acme-sftp --json', 'the same as {drop, ok, steps, learned, block}'],
  ],
  run: async (call, session) => {
    const { out, configFolder } = session;
    const { plan, problems, pinProblems, section } = dropOf(session, argument(call, 0));
    if (!plan || problems.length > 0) throw new WrongConfiguration([...problems, ...pinProblems], configFolder);
    pinProblems.forEach((problem) => out.say(problemText(problem)));
    const report = await examineWith(session, plan.spec, section);
    out.answer(report, verdictText);
    return report.ok ? exit.done : exit.failed;
  },
};
