import type { DropSpec } from '../drop.ts';
import type { StepName } from './report.ts';

const onFiles: StepName[] = ['list', 'write', 'size', 'names', 'rename', 'taken', 'remove', 'throughput'];

/** The steps for a kind of drop, in the order in which they are taken. */
export const stepsFor = (spec: DropSpec): StepName[] => {
  switch (spec.kind) {
    case 'folder':
      return ['folder', ...onFiles, 'clean-up'];
    case 'sftp':
      return [
        ...(['name', 'tcp', 'greeting', 'host-key', 'sign-in', 'sftp', 'offers', 'folder'] as const),
        ...onFiles,
        ...(['round-trip', 'sessions', 'clean-up'] as const),
      ];
    case 'ftps':
      return [
        ...(['name', 'tcp', ...(spec.mode === 'explicit' ? ['greeting' as const] : []), 'tls', 'certificate'] as const),
        ...(['sign-in', 'offers', 'folder', 'passive'] as const),
        ...onFiles,
        ...(['round-trip', 'sessions', 'clean-up'] as const),
      ];
    default:
      return spec satisfies never;
  }
};
