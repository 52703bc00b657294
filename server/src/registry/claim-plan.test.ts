/** What rules make of devices, without a database: order, obstacles, finding rooms. */
import { describe, expect, it } from 'vitest';
import { type ClaimRuleFields, toClaimPlan, toPlaceFinder, toReadyRule } from './claim-plan.ts';

const rule = (fields: Partial<ClaimRuleFields>, id = 1) =>
  toReadyRule(id, {
    name: 'rule',
    position: 1,
    profilePattern: null,
    namePattern: null,
    tagPatterns: {},
    codec: null,
    placeBy: null,
    placeTemplate: null,
    nameTemplate: null,
    automatic: false,
    ...fields,
  });

const PLACES = [
  { id: 1, name: 'Nordskolen', parentId: null, externalRef: 'S1' },
  { id: 2, name: 'Lokale 12', parentId: 1, externalRef: 'S1-12' },
  { id: 3, name: 'Sydskolen', parentId: null, externalRef: 'S2' },
  { id: 4, name: 'Lokale 12', parentId: 3, externalRef: null },
];
const device = (over: Partial<Parameters<typeof toClaimPlan>[1]> = {}) => ({
  id: 9,
  devEui: '00000000000000aa',
  heardName: 'skole-nord-lokale-012',
  heardProfile: 'ERS CO2',
  heardTags: {},
  ...over,
});
const plan = (rules: Parameters<typeof toClaimPlan>[0], over = {}) =>
  toClaimPlan(rules, device(over), new Set(['elsys/ers-co2']), toPlaceFinder(PLACES));

const codecRule = rule({ profilePattern: 'ers*co2', codec: 'elsys/ers-co2' }, 1);
const pathRule = rule(
  {
    namePattern: 'skole-{school}-lokale-{room:number}',
    placeBy: 'path',
    placeTemplate: '{school}skolen/Lokale {room}',
    nameTemplate: 'Luft {room}',
  },
  2,
);

describe('a claim plan', () => {
  it('takes the codec from one rule and the room from another', () => {
    expect(plan([codecRule, pathRule])).toEqual({
      deviceId: 9,
      codec: 'elsys/ers-co2',
      place: { id: 2, name: 'Lokale 12' },
      name: 'Luft 12',
      ruleIds: [1, 2],
      obstacles: [],
    });
  });
  it('finds a room by tags and its reference', () => {
    const byTags = rule({
      codec: 'elsys/ers-co2',
      tagPatterns: { skole: '{s}', lokale: '{l:number}' },
      placeBy: 'reference',
      placeTemplate: '{s}-{l}',
    });
    expect(plan([byTags], { heardTags: { skole: 's1', lokale: '12' } }).place?.id).toBe(2);
    expect(plan([byTags], { heardTags: { skole: 's1' } }).obstacles.map((o) => o.why)).toEqual([
      'no-codec-rule',
      'no-place-rule',
    ]);
  });
  it('finds a room by a path that leaves out the building between, but never in another school', () => {
    const find = toPlaceFinder([
      ...PLACES,
      { id: 5, name: 'Hovedfløjen', parentId: 1, externalRef: null },
      { id: 6, name: 'Lokale 7', parentId: 5, externalRef: null },
    ]);
    expect(find('path', 'nordskolen / lokale 7').map((place) => place.id)).toEqual([6]);
    expect(find('path', 'Nordskolen/Hovedfløjen/Lokale 7').map((place) => place.id)).toEqual([6]);
    expect(find('path', 'Sydskolen/Lokale 7')).toEqual([]);
    expect(find('path', 'Hovedfløjen/Nordskolen/Lokale 7')).toEqual([]);
    expect(find('path', 'Lokale 12').map((place) => place.id)).toEqual([2, 4]);
    expect(find('path', '/')).toEqual([]);
  });
  it('never chooses between two rooms of one name', () => {
    const byName = rule({ codec: 'elsys/ers-co2', placeBy: 'name', placeTemplate: 'lokale 12' });
    expect(plan([byName]).obstacles).toEqual([{ why: 'many-places', text: 'lokale 12' }]);
  });
  it('says what is missing', () => {
    const wrong = rule({ codec: 'elsys/none', placeBy: 'name', placeTemplate: 'Aula' });
    expect(plan([wrong]).obstacles).toEqual([
      { why: 'no-codec', text: 'elsys/none' },
      { why: 'no-place', text: 'Aula' },
    ]);
  });
  it('asks the rules in their order, and the first answer stands', () => {
    const other = rule({ placeBy: 'reference', placeTemplate: 'S2', nameTemplate: 'Other' }, 3);
    expect(plan([codecRule, other, pathRule]).place?.id).toBe(3);
    expect(plan([codecRule, pathRule, other]).place?.id).toBe(2);
  });
  it('does not read a name of the object itself as a tag', () => {
    const byTag = rule({ tagPatterns: { constructor: '*' }, codec: 'elsys/ers-co2' });
    expect(plan([byTag]).codec).toBeNull();
  });
  it.each([
    [{ codec: null }, 'body/codec'],
    [{ codec: 'a/b', namePattern: '{a' }, 'body/namePattern'],
    [{ codec: 'a/b', placeBy: 'name' as const, placeTemplate: '{room}' }, 'body/placeTemplate'],
    [{ codec: 'a/b', placeTemplate: 'x' }, 'body/placeTemplate'],
    [{ codec: 'a/b', namePattern: '{a}', profilePattern: '{a}' }, 'body'],
  ])('refuses the rule %j', (fields, at) => {
    expect(() => rule(fields)).toThrow(expect.objectContaining({ code: 'BAD_BODY', at }));
  });
});
