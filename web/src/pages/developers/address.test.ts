import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findFault, readAddress, toPath, toSent, toShown } from './address.ts';

const ROOT = 'https://torv.example.org/sta/v1.1';
const ROOTS = [ROOT, 'http://localhost:8080/sta/v1.1'];

describe('an address', () => {
  it('is read with blanks and sent without', () => {
    const shown = "/Things?$filter=name eq 'Østre Skole'";
    const sent = toSent(shown);
    expect(sent).toBe('/Things?$filter=name%20eq%20%27%C3%98stre%20Skole%27');
    expect(toShown(sent)).toBe(shown);
  });

  it('means the same to the server after it was shown, whatever was in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sent = `/Things?$filter=name%20eq%20'${encodeURIComponent(text)}'`;
        expect(decodeURIComponent(toSent(toShown(sent)))).toBe(decodeURIComponent(sent));
      }),
    );
  });

  it('keeps what would mean something else bare', () => {
    const sent = '/Things?$filter=name%20eq%20%27a%26b%2Bc%23d%25%27';
    expect(toShown(sent)).toBe("/Things?$filter=name eq 'a%26b%2Bc%23d%25'");
    expect(toSent(toShown(sent))).toBe(sent);
  });

  it('never leaves the service', () => {
    expect(readAddress(`${ROOT}/Things(1)?$top=1`, ROOTS)).toBe('/Things(1)?$top=1');
    expect(readAddress('/sta/v1.1/Things', ROOTS)).toBe('/Things');
    expect(readAddress('Things', ROOTS)).toBe('/Things');
    expect(readAddress('', ROOTS)).toBe('/');
    for (const foreign of [
      'https://example.org/sta/v1.1/Things',
      'https://torv.example.org/api/v1/session',
      `${ROOT}evil/Things`,
      '//example.org/Things',
      'javascript:alert(1)',
      '/../../api/v1/session',
      '/Things/..',
    ]) {
      expect(readAddress(foreign, ROOTS), foreign).toBeUndefined();
    }
  });

  it('of a link is what stands behind the root', () => {
    expect(toPath(ROOT, ROOTS)).toBe('/');
    expect(toPath(`${ROOT}/Datastreams(1)/Observations?$skip=2`, ROOTS)).toBe(
      '/Datastreams(1)/Observations?$skip=2',
    );
    expect(toPath('https://example.org/definition', ROOTS)).toBeUndefined();
  });
});

describe('the place of a fault', () => {
  it.each([
    ["/Things?$filter=nme eq 'a'", '$filter:0', 'nme'],
    ["/Things?$top=1&$filter=name eqq 'a'", '$filter:5', 'eqq'],
    ['/Things?$expand=Locations($filter=nmae eq 1)', '$expand:18', 'nmae'],
    ["/Things?$filter=name eq 'abc", '$filter:8', "'abc"],
    ['/Things?$filter=(name', '$filter:5', '$filter=(name'],
    ['/Things?$foo=1', '$foo', '$foo=1'],
    ['/Things(1)/Locatins', 'path:1', 'Locatins'],
    ['/Datastreams(9)', 'path', '/Datastreams(9)'],
  ])('in %s at %s is %s', (shown, at, fault) => {
    const place = findFault(shown, at);
    expect(place?.fault).toBe(fault);
    expect(`${place?.before}${place?.fault}${place?.after}`).toBe(shown);
  });

  it('is unknown where the problem does not name one', () => {
    expect(findFault('/Things', undefined)).toBeUndefined();
    expect(findFault('/Things', '$filter:3')).toBeUndefined();
    expect(findFault('/Things?$top=1', 'body/name')).toBeUndefined();
  });
});
