import { describe, expect, it } from 'vitest';
import { resolveOutbound } from './outbound.ts';

describe('resolveOutbound', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '::1',
    '[::1]',
    '::ffff:10.0.0.1',
    'fe80::1',
    'fd00::1',
    'localhost',
  ])('refuses %s with the way out', async (host) => {
    await expect(resolveOutbound(host, [])).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining('TORV_OUTBOUND_ALLOW'),
    });
  });

  it('gives a public address as it is', async () => {
    await expect(resolveOutbound('93.184.216.34', [])).resolves.toBe('93.184.216.34');
    await expect(resolveOutbound('2606:4700::1111', [])).resolves.toBe('2606:4700::1111');
  });

  it('connects to what the operator has allowed, by name or by address', async () => {
    await expect(resolveOutbound('127.0.0.1', ['127.0.0.1'])).resolves.toBe('127.0.0.1');
    await expect(resolveOutbound('localhost', ['localhost'])).resolves.toMatch(/^(127\.0\.0\.1|::1)$/);
    await expect(resolveOutbound('10.0.0.8', ['10.0.0.9'])).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('says that a name does not exist', async () => {
    await expect(resolveOutbound('no-such-host.invalid', [])).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});
