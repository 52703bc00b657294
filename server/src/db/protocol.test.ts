import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMessageCutter,
  createReadyCutter,
  FRONTEND,
  renderCloseStatement,
  renderError,
  renderQuery,
  renderReady,
  renderSync,
  toStatementText,
} from './protocol.ts';

const message = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => renderQuery(text.replaceAll('\0', ''))),
  fc.string({ maxLength: 40 }).map((name) => renderCloseStatement(name.replaceAll('\0', ''))),
  fc.constant(renderSync()),
);

describe('the message cutter', () => {
  it('gives the same messages however the stream was cut into pieces', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.nat(200), { maxLength: 30 }),
        (messages, cuts) => {
          const cutter = createMessageCutter();
          cutter.started();
          const stream = Buffer.concat(messages);
          const ends = [...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort(
            (a, b) => a - b,
          );
          let from = 0;
          const found = ends.flatMap((end) => {
            const piece = stream.subarray(from, end);
            from = end;
            return cutter.push(piece).map(({ bytes }) => Buffer.from(bytes));
          });
          expect(found).toEqual(messages);
        },
      ),
    );
  });

  it('refuses a message whose length cannot be', () => {
    const cutter = createMessageCutter();
    cutter.started();
    expect(() => cutter.push(Buffer.from([FRONTEND.query, 0, 0, 0, 3]))).toThrow(RangeError);
    expect(() => createMessageCutter().push(Buffer.from([0x7f, 0xff, 0xff, 0xff]))).toThrow(RangeError);
  });

  it('finds the SQL text of a query', () => {
    const bytes = renderQuery('SELECT 1 /* Å */');
    expect(toStatementText({ type: FRONTEND.query, bytes })).toBe('SELECT 1 /* Å */');
  });
});

describe('the ready cutter', () => {
  const ready = fc.constantFrom('I' as const, 'T' as const, 'E' as const);
  const said = fc.oneof(
    ready.map((state) => ({ bytes: renderReady(state), state })),
    fc.string({ maxLength: 60 }).map((text) => ({ bytes: renderError('22012', text), state: undefined })),
  );

  it('leaves out what the backend says of being ready, and only that, however the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 8 }), fc.array(fc.nat(300), { maxLength: 30 }), (all, cuts) => {
        const cutter = createReadyCutter();
        const stream = Buffer.concat(all.map(({ bytes }) => bytes));
        const ends = [...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort(
          (a, b) => a - b,
        );
        let from = 0;
        const left = ends.flatMap((end) => {
          const pieces = cutter.push(stream.subarray(from, end)).map((piece) => Buffer.from(piece));
          from = end;
          return pieces;
        });
        expect(Buffer.concat(left)).toEqual(
          Buffer.concat(all.filter(({ state }) => state === undefined).map(({ bytes }) => bytes)),
        );
        expect(cutter.state).toBe(all.findLast(({ state }) => state !== undefined)?.state);
      }),
    );
  });

  it('tells that the backend ended itself, and nothing else of that, however the stream was cut', () => {
    const toError = (severity: string, text: string) => {
      const bytes = renderError('53100', text).toString('latin1').replaceAll('ERROR', severity);
      const message = Buffer.from(bytes, 'latin1');
      message.writeInt32BE(message.length - 1, 1);
      return message;
    };
    const sentence = fc.constantFrom('SPANIC', 'No space left on device', 'FATAL\0', '');
    const harmless = fc.oneof(
      sentence.map((text) => renderError('22012', text)),
      sentence.map((text) => toError('WARNING', text)),
      sentence.map(renderQuery),
    );
    const lists = fc.array(harmless, { maxLength: 4 });
    const severity = fc.constantFrom('PANIC', 'FATAL', undefined);
    fc.assert(
      fc.property(lists, severity, lists, fc.integer({ min: 1, max: 40 }), (before, last, after, size) => {
        const cutter = createReadyCutter();
        const end = last === undefined ? [] : [toError(last, 'could not write')];
        const stream = Buffer.concat([...before, ...end, ...after]);
        for (let at = 0; at < stream.length; at += size) cutter.push(stream.subarray(at, at + size));
        expect(cutter.isOver).toBe(last !== undefined);
      }),
    );
  });
});
