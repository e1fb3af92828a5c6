import { DropFault, type FtpsSpec } from '../drop.ts';
import { certificateOf, connectFtps, enterFtps } from '../ftps/open.ts';
import type { Link } from '../ftps/link.ts';
import type { ShownCertificate } from '../ftps/tls.ts';
import type { MovingDrop } from '../put.ts';
import { judge } from './certificate.ts';
import { codeOf, type Exam } from './exam.ts';
import { hear, type Host, saysBusy, whileBusy } from './network.ts';
import { firstLine, softwareOf, speakers, spokenIn } from './protocol.ts';
import { reach } from './reach.ts';
import type { Finding } from './report.ts';

type Mode = FtpsSpec['mode'];

/** What is said in the clear on the port, by a server that begins, or to a line that most protocols answer. */
const hearPlain = (at: Host) =>
  hear(at, (heard) => !['nothing', 'other'].includes(spokenIn(heard)), {
    text: 'HELP\r\n\r\n',
    patience: at.stepTimeout / 3,
  });

/** The certificate shown when TLS begins in this way; undefined when it does not. */
const shownIn = (spec: FtpsSpec, mode: Mode): Promise<ShownCertificate | undefined> =>
  certificateOf({ ...spec, mode, stepTimeout: Math.min(spec.stepTimeout, 5_000) }).catch(() => undefined);

const usual = 'explicit is usual on port 21, implicit on port 990';

const wrongMode = (exam: Exam, mode: Mode, cause: string, detail: string): Finding => {
  exam.facts.mode = mode;
  return { result: 'failed', detail, cause, hint: `set "mode: ${mode}" (${usual})` };
};

const notFtp = (at: Host, spoken: ReturnType<typeof spokenIn>, detail: string): Finding => ({
  result: 'failed',
  detail,
  cause: `what answers on port ${at.port} is ${speakers[spoken]}, not an FTP server`,
  hint:
    spoken === 'ssh'
      ? 'if the partner means SFTP: "kind: sftp"; otherwise correct "port"'
      : `correct "host" or "port" (${usual})`,
});

const silent: Finding = {
  result: 'failed',
  detail: 'it says nothing',
  cause: 'the server takes the call and stays silent: it hangs, or what listens there is no FTP server',
  hint: `check "port" and "mode" (${usual}); ask the partner whether the server is well`,
};

const hungUp: Finding = {
  result: 'failed',
  detail: 'it hung up',
  cause: 'the server took the call and hung up before it greeted: it lets only known addresses in, or it is busy',
  hint: 'ask the partner whether your address is on the list of those who may connect; otherwise check "port"',
};

/** FTP greets in the clear, and TLS begins after it. */
const greet = async (exam: Exam, spec: FtpsSpec, at: Host): Promise<Finding> => {
  const isBusy = (heard?: { bytes: Buffer }) => heard !== undefined && /^421[ -]/.test(firstLine(heard.bytes));
  const { bytes, ended, prompted } = await whileBusy(() => hearPlain(at), isBusy, at.signal);
  const spoken = spokenIn(bytes);
  const line = firstLine(bytes);
  if (spoken === 'ftp' && line.startsWith('220')) {
    exam.learned.software = softwareOf(line);
    return { detail: line };
  }
  const detail = line === '' || spoken === 'tls' ? '' : `it says: ${line}`;
  if (spoken === 'ftp' && !prompted)
    return {
      result: 'failed',
      detail,
      cause: 'the server does not let us in now',
      hint: 'wait; if it stays, ask the partner',
    };
  const early = ['nothing', 'tls', 'other', 'ftp'].includes(spoken);
  if (early && (spoken === 'tls' || (await shownIn(spec, 'implicit'))))
    return wrongMode(exam, 'implicit', 'this port wants TLS from the first byte', detail);
  if (spoken === 'nothing') return ended ? hungUp : silent;
  return notFtp(at, spoken, detail);
};

const noTls: Omit<Finding, 'detail'> = {
  result: 'failed',
  cause: 'the server offers no TLS: this is plain FTP, which would send the password and every row in the open',
  hint: 'it is not offered here; ask the partner for FTPS or SFTP',
};

const oldTls = (spec: FtpsSpec): Finding => ({
  result: 'failed',
  detail: '',
  cause: `the server and we agree on no version of TLS between ${spec.tls.min} and ${spec.tls.max}; it knows only older ones`,
  hint: 'ask the partner for TLS 1.2 or newer; nothing older is safe, and none is offered here',
});

/** TLS failed although the server speaks FTP or TLS there: which versions would do? */
const whyNoTls = async (spec: FtpsSpec, error: unknown): Promise<Finding> => {
  if (!(error instanceof DropFault) || error.code !== 'tls') throw error;
  if (/^the server says: /.test(error.reason)) return { ...noTls, detail: error.reason };
  if (!/version|protocol/i.test(error.reason)) throw error;
  const wide = await shownIn({ ...spec, tls: { min: 'TLSv1.2', max: 'TLSv1.3' } }, spec.mode);
  if (!wide) return oldTls(spec);
  const cause = `the server and we agree on no version of TLS between ${spec.tls.min} and ${spec.tls.max}`;
  return { result: 'failed', detail: '', cause, hint: 'set tls: { min: TLSv1.2, max: TLSv1.3 }' };
};

/** TLS from the first byte did not work: perhaps somebody greets in the clear. */
const whyNotImplicit = async (exam: Exam, spec: FtpsSpec, at: Host, error: unknown): Promise<Finding> => {
  const { bytes } = await hearPlain(at).catch(() => ({ bytes: Buffer.alloc(0) }));
  const spoken = spokenIn(bytes);
  const detail = spoken === 'nothing' ? '' : `it says: ${firstLine(bytes)}`;
  if (spoken === 'ftp')
    return wrongMode(exam, 'explicit', 'the server greets in the clear and begins TLS later', detail);
  if (codeOf(error) === 'tls' && ['tls', 'other', 'nothing'].includes(spoken)) return whyNoTls(spec, error);
  if (spoken !== 'nothing') return notFtp(at, spoken, detail);
  return codeOf(error) === 'timeout' ? silent : hungUp;
};

const shake = async (
  exam: Exam,
  spec: FtpsSpec,
  at: Host,
  give: (shown: ShownCertificate) => void,
): Promise<Finding> => {
  try {
    give(await whileBusy(() => certificateOf(spec, at.signal), saysBusy, at.signal));
    return { detail: spec.mode === 'explicit' ? 'AUTH TLS' : 'from the first byte' };
  } catch (error) {
    return spec.mode === 'explicit' ? whyNoTls(spec, error) : whyNotImplicit(exam, spec, at, error);
  }
};

const checkTls = async (exam: Exam, spec: FtpsSpec, at: Host): Promise<void> => {
  const shown = await exam.run.gain<ShownCertificate>('tls', (give) => shake(exam, spec, at, give));
  await exam.run.must('certificate', () => {
    const finding = judge(shown, spec, exam.now);
    if (finding.result === 'failed') exam.facts.certificate = shown.fingerprint;
    return Promise.resolve(finding);
  });
};

const signIn = (exam: Exam, spec: FtpsSpec): Promise<Link> =>
  exam.run.gain('sign-in', async (give) => {
    give(await whileBusy(() => connectFtps(spec, exam.learned, exam.signal), saysBusy, exam.signal));
    return { detail: `as ${spec.user}, over ${exam.learned.tls ?? 'TLS'}; data connections are protected (PROT P)` };
  });

const wanted = ['SIZE', 'MLST', 'EPSV', 'MDTM', 'UTF8'];

const tryOffers = ({ run }: Exam, { features }: Link): Promise<boolean> =>
  run.attempt('offers', () =>
    Promise.resolve({
      detail:
        features.size === 0
          ? 'it does not say what it offers (FEAT)'
          : wanted.map((name) => `${name} ${features.has(name) ? 'yes' : 'no'}`).join(', '),
    }),
  );

/** The faults of a data connection that could not be made or secured. */
const ofData = ['unreachable', 'timeout', 'cut', 'tls', 'certificate'];

const passiveDetail = ({ learned }: Exam): Finding => {
  const { passive = 'not made', session } = learned;
  const detail = `${passive}, ${session === 'reused' ? 'the TLS session is taken up' : 'a TLS session of its own'}`;
  if (passive.includes('ignored')) {
    const cause =
      'the server names an address that is not its own (a wrong setting behind NAT); it is ignored, and its real address used';
    return {
      result: 'note',
      detail,
      cause,
      hint: 'nothing to set; the partner may correct the passive address of the server',
    };
  }
  if (session !== 'new') return { detail };
  const cause = 'the server does not let data connections take up the TLS session';
  return { result: 'note', detail, cause, hint: 'nothing to set, as long as the server does not require it' };
};

/** A data connection, tried with a list of the folder. */
const tryPassive = (exam: Exam, drop: MovingDrop): Promise<void> =>
  exam.run.must('passive', async () => {
    try {
      await drop.list();
    } catch (error) {
      // A refusal of the list itself is the business of the step `list`.
      if (ofData.includes(codeOf(error) ?? '')) throw error;
    }
    return passiveDetail(exam);
  });

/** Everything up to the open drop, one step after the other. */
export const openFtpsDrop = async (exam: Exam, spec: FtpsSpec): Promise<MovingDrop> => {
  const { run, signal } = exam;
  const at = { ...spec, signal };
  await reach(exam, at);
  if (spec.mode === 'explicit') await run.must('greeting', () => greet(exam, spec, at));
  await checkTls(exam, spec, at);
  const link = await signIn(exam, spec);
  exam.closing.push(() => Promise.resolve(link.line.end(new Error('the connection is closed'))));
  await tryOffers(exam, link);
  const drop = await run.gain<MovingDrop>('folder', async (give) => {
    const step = { operation: 'look around in', object: 'the folder of the user', inFolder: false };
    const home = await link.ask(step, 'PWD').catch(() => undefined);
    exam.facts.around = `the server puts us into ${/"(.*)"/.exec(home?.message ?? '')?.[1] ?? 'a folder of its own'}`;
    give(await enterFtps(spec, link, signal));
    return { detail: spec.folder };
  });
  exam.closing.unshift(() => drop.close());
  await tryPassive(exam, drop);
  return drop;
};
