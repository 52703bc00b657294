import { hash } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { ARGON2, checkPassword, hashPassword, verifyPassword } from './passwords.ts';

describe('which passwords are accepted', () => {
  const EMAIL = 'karen.berg@skaering.example';
  it.each([
    ['kort kodeord', 'kort kodeor'],
    ['the address itself', EMAIL],
    ['the name of the mailbox with a number', 'karen.berg2026'],
    ['one character again and again', 'aaaaaaaaaaaaaaaa'],
    ['two characters in turn', 'abababababababab'],
    ['the word for password', 'Password1234'],
    ['the Danish one', 'adgangskode12!'],
    ['the Dutch one', 'Wachtwoord2026'],
    ['the Swedish one', 'Lösenord12345'],
    ['a row of keys', 'qwertyuiopasd'],
    ['a row of digits', '123456789012'],
    ['201 characters', 'kobber lanterne '.repeat(13).slice(0, 201)],
  ])('refuses %s', (_, password) => {
    expect(() => checkPassword(password, EMAIL)).toThrow(/BAD_BODY/);
  });

  it.each([
    ['four words', 'kobber lanterne syv bakker'],
    ['twelve mixed characters', 'tR4!vq9-Zk2m'],
    ['words in another script', 'ένα δύο τρία τέσσερα'],
    ['a long one that begins with an obvious word', 'password of the lantern keeper'],
  ])('takes %s', (_, password) => {
    expect(() => checkPassword(password, EMAIL)).not.toThrow();
  });
});

describe('argon2id', () => {
  it('stores the parameters that OWASP recommends', async () => {
    expect(await hashPassword('kobber lanterne')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('takes the right password and no other', async () => {
    const stored = await hashPassword('kobber lanterne');
    expect(await verifyPassword(stored, 'kobber lanterne')).toEqual({ right: true, outdated: false });
    expect(await verifyPassword(stored, 'kobber lantern')).toEqual({ right: false, outdated: false });
  });

  it('takes the same letters in either Unicode form', async () => {
    const stored = await hashPassword('på ærø er der grønt'.normalize('NFC'));
    expect((await verifyPassword(stored, 'på ærø er der grønt'.normalize('NFD'))).right).toBe(true);
  });

  it('computes a hash also when there is no account', async () => {
    const before = process.cpuUsage();
    expect(await verifyPassword(undefined, 'kobber lanterne')).toEqual({ right: false, outdated: false });
    const nobody = process.cpuUsage(before).user;
    // not a time limit: a verification that did nothing would use a thousandth of this
    expect(nobody).toBeGreaterThan(2_000);
  });

  it('asks for a new hash when the parameters were smaller', async () => {
    const old = await hash('kobber lanterne', { ...ARGON2, memoryCost: 8_192 });
    expect(await verifyPassword(old, 'kobber lanterne')).toEqual({ right: true, outdated: true });
    expect(await verifyPassword(old, 'wrong')).toEqual({ right: false, outdated: false });
  });

  it('serves more at a time than it computes in parallel', async () => {
    const stored = await hashPassword('kobber lanterne');
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) => verifyPassword(stored, i % 2 ? 'wrong' : 'kobber lanterne')),
    );
    expect(all.map((one) => one.right)).toEqual(Array.from({ length: 12 }, (_, i) => i % 2 === 0));
  });
});
