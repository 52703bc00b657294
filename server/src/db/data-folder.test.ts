import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from './data-folder.ts';

let folder: string;
const read = (): Record<string, unknown> => JSON.parse(readFileSync(join(folder, 'torv.lock'), 'utf8'));
const write = (owner: object): void => writeFileSync(join(folder, 'torv.lock'), JSON.stringify(owner));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'torv-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock of a data folder', () => {
  it('belongs to one until it is released', async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'DATA_IN_USE',
      detail: expect.stringContaining(String(process.pid)),
    });
    lock.release();
    (await lockFolder(folder)).release();
  });

  it('is taken over from a process that is dead', async () => {
    const lock = await lockFolder(folder);
    const own = read();
    lock.release();
    const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
    write({ ...own, pid: dead, token: 'old' });
    const taken = await lockFolder(folder);
    expect(read().pid).toBe(process.pid);
    taken.release();
  });

  it('is taken over when the process id is that of another, younger process', async () => {
    const lock = await lockFolder(folder);
    const own = read();
    lock.release();
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    write({ ...own, pid: child.pid, startedAt: '1', token: 'old' });
    const taken = await lockFolder(folder);
    taken.release();
    child.kill();
  });

  it('is taken over after the machine was started anew', async () => {
    const lock = await lockFolder(folder);
    const own = read();
    lock.release();
    write({ ...own, boot: 'an earlier one', token: 'old' });
    (await lockFolder(folder)).release();
  });

  it('is taken over when its writer was killed before it had written it', async () => {
    writeFileSync(join(folder, 'torv.lock'), '');
    (await lockFolder(folder)).release();
  });

  it('is given to one of many that find the same stale lock', async () => {
    write({ pid: 2 ** 22 + 1, token: 'old' });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'DATA_IN_USE' });
    }
    won[0]?.value.release();
  });

  it('of another container is respected while it shows signs of life, and taken over when it does not', async () => {
    write({ pid: 1, startedAt: '1', namespace: 'pid:[1]', token: 'other' });
    const alive = setInterval(
      () => write({ pid: 1, startedAt: '1', namespace: 'pid:[1]', token: 'other' }),
      500,
    );
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    clearInterval(alive);
    (await lockFolder(folder)).release();
  });
});
