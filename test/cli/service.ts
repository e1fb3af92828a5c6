import { type Place, type Running } from './program.ts';
import { until } from '../until.ts';

export interface Started {
  parts: string[];
  web: string | null;
  drops: { drop: string; place: string }[];
  first: { file: string; rows: number } | null;
}

/** Starts `serve --json` and waits until it says that it runs. */
export const serve = async (here: Place, ...args: string[]): Promise<Running & { started: Started }> => {
  const running = here.start('serve', '--json', ...args);
  const ended = running.ended.then(({ code, stderr }) => {
    throw new Error(`serve ended with ${code}: ${stderr}`);
  });
  ended.catch(() => undefined);
  await Promise.race([until(() => running.said.stdout.endsWith('}\n'), 'serve says that it runs'), ended]);
  return { ...running, started: JSON.parse(running.said.stdout) as Started };
};

export const logLines = ({ said }: Running): Record<string, unknown>[] =>
  said.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

export const logged = (running: Running, message: string) =>
  until(() => logLines(running).find(({ msg }) => msg === message), `the log says "${message}"`);

/** Tells it to stop, and gives the exit code. */
export const stop = async (running: Running): Promise<number | null> => {
  running.child.kill('SIGTERM');
  return (await running.ended).code;
};

export const get = async (url: string | null, path: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(new URL(path, url ?? ''));
  return { status: answer.status, text: await answer.text() };
};
