import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { need } from './packages.ts';

const binary = '/usr/bin/chromium';

/** Debian's Chromium without a window. A string is the reason why there is none. The caller closes it. */
export const startChromium = async (): Promise<Browser | string> => {
  const missing = await need(['chromium'], () => (existsSync(binary) ? binary : undefined));
  if (missing) return missing;
  // The sandbox needs rights that a container's root has not; the pages are our own.
  return chromium.launch({ executablePath: binary, args: ['--no-sandbox'], timeout: 120_000 });
};
