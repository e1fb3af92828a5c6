import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FtpsSpec, TlsVersion } from '../../../src/drop/drop.ts';
import { openDrop } from '../../../src/drop/open-drop.ts';
import { certificates } from '../../servers/certificates.ts';
import { startScriptedFtps, type ScriptedFtps } from '../../servers/scripted-ftps.ts';
import { failed, look } from '../doctor/stage.ts';
import { ftpsSpec } from './stage.ts';
import { faultOf, noSteps, outgoing } from '../stage.ts';

describe.each<TlsVersion>(['TLSv1.2', 'TLSv1.3'])('data connections with a certificate of their own, %s', (max) => {
  let server: ScriptedFtps;
  beforeEach(async () => {
    server = await startScriptedFtps({ dataCertificate: certificates().expired });
  });
  afterEach(() => server.close());
  const spec = (): FtpsSpec => ({
    ...ftpsSpec({ port: server.port, user: 'anybody', password: 'anything' }),
    tls: { min: 'TLSv1.2', max },
    stepTimeout: 2_000,
  });
  const open = () => openDrop(spec());

  it('are refused, and nothing but the attempt ends', async () => {
    const drop = await open();
    expect(await faultOf(drop.put(outgoing('orders.csv', 1_000), noSteps))).toMatchObject({
      code: 'certificate',
      next: 'hold',
    });
    expect(server.files.get('orders.csv')).toBeUndefined();
    await drop.close();
  });

  it('are refused each time: a session that was not trusted is not taken up', async () => {
    const drop = await open();
    for (let turn = 0; turn < 3; turn++) {
      const fault = await faultOf(drop.list());
      expect(fault.code, fault.message).toBe('certificate');
    }
    expect(drop.learned.session).toBeUndefined();
    await drop.close();
  });

  it('are what the doctor finds wrong', async () => {
    const found = failed(await look(spec()));
    expect(found.step).toBe('passive');
    expect(found.cause).toContain('it was valid until 2020-02-01');
  });
});
