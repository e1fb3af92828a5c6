import { examine } from '../drop/doctor/doctor.ts';
import type { DoctorStep } from '../drop/doctor/report.ts';
import { loadDrop, type OneDrop } from '../settings/one-drop.ts';
import { suggestion } from '../settings/suggest.ts';
import { argument, wrongUse } from './arguments.ts';
import type { CliCommand, Session } from './command.ts';
import { stepText, verdictText } from './doctor-text.ts';
import { problemText, WrongConfiguration } from './edge.ts';
import { exit } from './exit-code.ts';
import { whileInterruptible } from './interrupt.ts';

/** The drop by itself: the rest of the configuration may be wrong. */
const dropOf = (session: Session, name: string): OneDrop => {
  const { configFolder, dataFolder, env, clock } = session;
  const found = loadDrop({ configFolder, dataFolder, env, now: clock.now() }, name);
  if (found.ok) return found.drop;
  if (found.problems.length > 0) throw new WrongConfiguration(found.problems, configFolder);
  throw wrongUse(`the drop "${name}"`, 'there is no such drop', suggestion(name, found.names));
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
    const { out, clock } = session;
    const now = clock.now();
    const { plan, problems, pinProblems, section } = dropOf(session, argument(call, 0));
    if (!plan || problems.length > 0) throw new WrongConfiguration([...problems, ...pinProblems], session.configFolder);
    pinProblems.forEach((problem) => out.say(problemText(problem)));
    const tell = (step: DoctorStep) => out.part(stepText(step));
    const report = await whileInterruptible((signal) => examine(plan.spec, { section, now, tell, signal }));
    out.answer(report, verdictText);
    return report.ok ? exit.done : exit.failed;
  },
};
