import { asFault, type Fault } from '../../fault.ts';
import type { Advice, DoctorStep, Finding, StepName } from './report.ts';

/** The rest of the steps cannot be tried. */
export class Halt extends Error {}

/** Takes steps, one after the other, and tells each as it ends. */
export interface Run {
  /** Whether it went well (a note counts as well); a failure is told with its cause and never thrown. */
  attempt(step: StepName, work: () => Promise<Finding>): Promise<boolean>;
  /** As `attempt`, but throws Halt when it failed: nothing after it makes sense. */
  must(step: StepName, work: () => Promise<Finding>): Promise<void>;
  /** As `must`, for a step that gives something when it goes well. */
  gain<T>(step: StepName, work: (give: (value: T) => void) => Promise<Finding>): Promise<T>;
  /** Says why a step is not tried. */
  skip(step: StepName, detail: string): void;
  /** Whether a step has lost the connection; what comes after it is then not tried. */
  lost(): boolean;
  /** All steps of the plan that have not been told. */
  untold(): StepName[];
  readonly steps: readonly DoctorStep[];
}

export interface RunOptions {
  plan: readonly StepName[];
  /** What a person should do about a failed step. */
  advise(step: StepName, fault: Fault): Advice;
  /** Called with each step when it is over. */
  tell(step: DoctorStep): void;
  signal?: AbortSignal | undefined;
}

/** What a fault of these codes leaves behind is no connection: later steps would only fail for that. */
const losing = ['timeout', 'cut', 'unknown-outcome'];

/** The steps without which nothing after them makes sense. */
const makeMusts = (attempt: Run['attempt']): Pick<Run, 'must' | 'gain'> => {
  const must = async (step: StepName, work: () => Promise<Finding>): Promise<void> => {
    if (!(await attempt(step, work))) throw new Halt(step);
  };
  const gain = async <T>(step: StepName, work: (give: (value: T) => void) => Promise<Finding>): Promise<T> => {
    const given: T[] = [];
    await must(step, () => work((value) => void given.push(value)));
    const [value] = given;
    if (value === undefined) throw new Halt(step);
    return value;
  };
  return { must, gain };
};

/** An examination that has not begun. */
export const makeRun = ({ plan, advise, tell, signal }: RunOptions): Run => {
  const steps: DoctorStep[] = [];
  let lost = false;
  const record = (step: StepName, finding: Finding, ms: number) => {
    const { result = 'ok', detail, cause = null, hint = null } = finding;
    const told: DoctorStep = { step, result, detail, cause, hint, ms: Math.round(ms) };
    steps.push(told);
    tell(told);
  };
  const find = async (step: StepName, work: () => Promise<Finding>): Promise<Finding> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Halt) throw error;
      const fault = asFault(error, 'try', step);
      lost ||= losing.includes(fault.code);
      return { result: 'failed', detail: '', ...advise(step, fault) };
    }
  };
  const attempt = async (step: StepName, work: () => Promise<Finding>): Promise<boolean> => {
    // What is cleaned up is cleaned up also when nobody wants to know more.
    const stops = () => signal?.aborted === true && step !== 'clean-up';
    if (stops() || (lost && step !== 'clean-up')) throw new Halt(step);
    const from = performance.now();
    const finding = await find(step, work);
    if (finding.result === 'failed' && stops()) throw new Halt(step);
    record(step, finding, performance.now() - from);
    return finding.result !== 'failed';
  };
  return {
    attempt,
    ...makeMusts(attempt),
    skip: (step, detail) => record(step, { result: 'not tried', detail }, 0),
    lost: () => lost,
    untold: () => plan.filter((step) => !steps.some((told) => told.step === step)),
    steps,
  };
};
