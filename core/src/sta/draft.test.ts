import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { parseDraft, walkDrafts } from './draft.ts';
import { ENTITY_KEYS } from './model.ts';
import { splitResult } from './result.ts';
import { V1_1 } from './version.ts';

const parse = (
  entity: (typeof ENTITY_KEYS)[number],
  body: unknown,
  mode: 'create' | 'merge' | 'replace' = 'create',
) => parseDraft(V1_1, entity, typeof body === 'string' ? body : JSON.stringify(body), mode);

describe('a draft of a body', () => {
  it('has values to the letter, links by id and what is nested', () => {
    const draft = parse(
      'thing',
      '{"name":"a","description":"","properties":{"x": 1.0},"Locations":[{"@iot.id":7}],"Datastreams@iot.navigationLink":"x","@iot.id":3}',
    );
    expect(draft.values.get('properties')).toEqual({ text: '{"x": 1.0}' });
    expect(draft.links.get('locations')).toEqual([
      { kind: 'reference', id: '7', at: 'body/Locations/0/@iot.id' },
    ]);
    expect([...draft.values.keys()]).not.toContain('id');
  });

  it('takes an object with more than control information for an entity of its own, and remembers its id', () => {
    const location = {
      '@iot.id': 5,
      name: 'a',
      description: '',
      encodingType: 'text/plain',
      location: 'Torvet 1',
    };
    const thing = { name: 'a', description: '' };
    const draft = parse('thing', { ...thing, Locations: [location] });
    expect([...walkDrafts(draft)].map(({ entity }) => entity)).toEqual(['thing', 'location']);
    const named = (id: unknown) => {
      const [target] =
        parse('thing', { ...thing, Locations: [{ ...location, '@iot.id': id }] }).links.get('locations') ??
        [];
      return target?.kind === 'draft' ? target.named : 'no draft';
    };
    expect([5, '05', 'abc', -1, 1.5, null, [5]].map(named)).toEqual(['5', '5', ...Array(5).fill(undefined)]);
    // it lacks what a new one needs: it can only be the one with this id
    expect(
      parse('thing', { ...thing, Locations: [{ '@iot.id': 5, name: 'a' }] }).links.get('locations'),
    ).toEqual([{ kind: 'reference', id: '5', at: 'body/Locations/0/@iot.id' }]);
    expect(() => parse('thing', { ...thing, Locations: [{ name: 'a' }] })).toThrow('need the property');
    expect(() => parse('thing', { Locations: [location] }, 'merge')).toThrow('make or change other entities');
  });

  it('ignores what the server keeps, whatever it is', () => {
    const unit = { name: null, symbol: null, definition: null };
    const draft = parse(
      'datastream',
      { phenomenonTime: 5, observedArea: 'x', resultTime: [], unitOfMeasurement: unit },
      'merge',
    );
    expect([...draft.values.keys()]).toEqual(['unit']);
  });

  it('of a merge holds what is given alone, of a replacement everything', () => {
    expect([...parse('observation', { result: 1 }, 'merge').values.keys()]).toEqual(['result']);
    const whole = parse('observation', { result: 1 }, 'replace');
    expect(whole.values.get('resultTime')).toEqual({ text: null });
    expect(whole.values.get('parameters')).toEqual({ text: null });
    // its default is the moment of writing, which is the server's to say
    expect(whole.values.has('phenomenonTime')).toBe(false);
  });

  it('of moments has one form', () => {
    const draft = parse(
      'observation',
      { result: null, phenomenonTime: '2026-01-01T01:00:00+0100/2026-01-01T00:00:00.000Z' },
      'merge',
    );
    expect(draft.values.get('phenomenonTime')).toEqual({ text: '2026-01-01T00:00:00Z' });
    expect(draft.values.get('result')).toEqual({ text: 'null' });
  });

  it('throws nothing but a reason, whatever is sent', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ENTITY_KEYS),
        fc.json(),
        fc.constantFrom('create', 'merge', 'replace'),
        (entity, body, mode) => {
          try {
            parse(entity, body, mode as 'create');
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
    );
  });
});

describe('a result', () => {
  it.each([
    ['8', '8', null],
    ['20.5', '20.5', null],
    ['-0.0001', '-0.0001', null],
    ['1.0', '1', '1.0'],
    ['-0', '0', '-0'],
    ['1e3', '1000', '1e3'],
    ['0.00001', '0.00001', '0.00001'],
    ['1000000000000000', '1000000000000000', '1000000000000000'],
    ['9223372036854775807', '9223372036854776000', '9223372036854775807'],
    ['"8"', null, '"8"'],
    ['null', null, 'null'],
    ['[1]', null, '[1]'],
  ])('%s is kept as the number %s and the letters %s', (raw, number, json) => {
    const parts = splitResult(raw);
    expect([parts.number === null ? null : Number(parts.number), parts.json]).toEqual([
      number === null ? null : Number(number),
      json,
    ]);
  });
});
