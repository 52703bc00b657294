/**
 * What claim rules would make of waiting devices, and why not. Pure: rules, devices and places in, plans out.
 * Nothing is guessed: a room must be found exactly once, a codec must exist.
 */
import {
  type Captures,
  type ClaimPattern,
  type ClaimTemplate,
  captureNames,
  fillClaimTemplate,
  isFault,
  matchClaimPattern,
  type Parsed,
  parseClaimPattern,
  parseClaimTemplate,
} from '@torv/core/claim-pattern';
import { AppError } from '@torv/core/errors';

export const PLACE_BY = ['reference', 'path', 'name'] as const;

export interface ClaimRuleFields {
  readonly name: string;
  readonly position: number;
  readonly profilePattern: string | null;
  readonly namePattern: string | null;
  readonly tagPatterns: Readonly<Record<string, string>>;
  readonly codec: string | null;
  readonly placeBy: (typeof PLACE_BY)[number] | null;
  readonly placeTemplate: string | null;
  readonly nameTemplate: string | null;
  readonly automatic: boolean;
}

/** A rule whose patterns are read. */
export interface ReadyRule {
  readonly id: number;
  readonly profile: ClaimPattern | undefined;
  readonly heardName: ClaimPattern | undefined;
  readonly tags: readonly (readonly [tag: string, pattern: ClaimPattern])[];
  readonly codec: string | null;
  readonly place:
    | { readonly by: NonNullable<ClaimRuleFields['placeBy']>; readonly template: ClaimTemplate }
    | undefined;
  readonly deviceName: ClaimTemplate | undefined;
}

/** Always there for templates, beside what the patterns keep. */
const GIVEN = ['devname', 'profile', 'deveui'] as const;

function taken<T>(parsed: Parsed<T>, at: string): T {
  if (isFault(parsed)) throw new AppError('BAD_BODY', `${parsed.fault} (character ${parsed.at})`, { at });
  return parsed.value;
}

/** @throws AppError BAD_BODY naming the member, the character and what is wrong */
export function toReadyRule(id: number, rule: ClaimRuleFields): ReadyRule {
  const read = (text: string | null, at: string) =>
    text === null ? undefined : taken(parseClaimPattern(text), at);
  const profile = read(rule.profilePattern, 'body/profilePattern');
  const heardName = read(rule.namePattern, 'body/namePattern');
  const tags = Object.entries(rule.tagPatterns).map(
    ([tag, text]) => [tag, taken(parseClaimPattern(text), `body/tagPatterns/${tag}`)] as const,
  );
  const names = [profile, heardName, ...tags.map(([, pattern]) => pattern)].flatMap((pattern) =>
    pattern ? captureNames(pattern) : [],
  );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new AppError('BAD_BODY', `{${twice}} stands in two patterns of this rule.`, { at: 'body' });
  const known = new Set<string>([...GIVEN, ...names]);
  const { placeBy, placeTemplate } = rule;
  if ((placeBy === null) !== (placeTemplate === null))
    throw new AppError('BAD_BODY', 'Say both how the room is found and its text.', {
      at: 'body/placeTemplate',
    });
  if (rule.codec === null && placeTemplate === null && rule.nameTemplate === null)
    throw new AppError('BAD_BODY', 'A rule must give a codec, a room or a name.', { at: 'body/codec' });
  return {
    id,
    profile,
    heardName,
    tags,
    codec: rule.codec,
    place:
      placeBy === null || placeTemplate === null
        ? undefined
        : { by: placeBy, template: taken(parseClaimTemplate(placeTemplate, known), 'body/placeTemplate') },
    deviceName:
      rule.nameTemplate === null
        ? undefined
        : taken(parseClaimTemplate(rule.nameTemplate, known), 'body/nameTemplate'),
  };
}

export interface WaitingDevice {
  readonly id: number;
  readonly devEui: string;
  readonly heardName: string | null;
  readonly heardProfile: string | null;
  readonly heardTags: Readonly<Record<string, string>>;
}

function matchRule(rule: ReadyRule, device: WaitingDevice): Captures | undefined {
  const values = new Map<string, string>([
    ['devname', device.heardName ?? ''],
    ['profile', device.heardProfile ?? ''],
    ['deveui', device.devEui],
  ]);
  const wanted: (readonly [ClaimPattern, string | null | undefined])[] = [
    ...(rule.profile ? [[rule.profile, device.heardProfile] as const] : []),
    ...(rule.heardName ? [[rule.heardName, device.heardName] as const] : []),
    ...rule.tags.map(
      ([tag, pattern]) =>
        [pattern, Object.hasOwn(device.heardTags, tag) ? device.heardTags[tag] : null] as const,
    ),
  ];
  for (const [pattern, text] of wanted) {
    const captures = typeof text === 'string' ? matchClaimPattern(pattern, text) : undefined;
    if (!captures) return undefined;
    for (const [name, value] of captures) values.set(name, value);
  }
  return values;
}

export interface PlaceName {
  readonly id: number;
  readonly name: string;
  readonly parentId: number | null;
  readonly externalRef: string | null;
}

/** Case, doubled spaces and spaces around do not tell two places apart. */
const fold = (text: string) => text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();

/** Finds places by reference, by name, or by path: "Nordskolen/Lokale 12" may leave out the building between. */
export function toPlaceFinder(
  places: readonly PlaceName[],
): (by: NonNullable<ClaimRuleFields['placeBy']>, text: string) => readonly PlaceName[] {
  const byId = new Map(places.map((place) => [place.id, place]));
  const index = new Map<string, PlaceName[]>();
  const add = (key: string, place: PlaceName) => {
    const list = index.get(key);
    if (list) list.push(place);
    else index.set(key, [place]);
  };
  for (const place of places) {
    if (place.externalRef !== null) add(`reference:${fold(place.externalRef)}`, place);
    add(`name:${fold(place.name)}`, place);
  }
  /** Do these names, from the inner to the outer, stand above the place in this order? */
  const standsIn = (place: PlaceName, above: readonly string[]): boolean => {
    let met = 0;
    for (
      let at = byId.get(place.parentId ?? -1);
      at && met < above.length;
      at = byId.get(at.parentId ?? -1)
    ) {
      if (fold(at.name) === above[met]) met++;
    }
    return met === above.length;
  };
  return (by, text) => {
    if (by !== 'path') return index.get(`${by}:${fold(text)}`) ?? [];
    const [own, ...above] = text.split('/').map(fold).filter(Boolean).reverse();
    return (index.get(`name:${own ?? ''}`) ?? []).filter((place) => standsIn(place, above));
  };
}

export type ClaimObstacle = 'no-codec-rule' | 'no-place-rule' | 'no-codec' | 'no-place' | 'many-places';

export interface ClaimPlan {
  readonly deviceId: number;
  readonly codec: string | null;
  readonly place: { readonly id: number; readonly name: string } | null;
  readonly name: string;
  /** Which rules spoke. */
  readonly ruleIds: readonly number[];
  /** Empty: the device can be claimed. */
  readonly obstacles: readonly { readonly why: ClaimObstacle; readonly text: string }[];
}

/** @param codecs the keys that exist; @param rules in their order */
export function toClaimPlan(
  rules: readonly ReadyRule[],
  device: WaitingDevice,
  codecs: ReadonlySet<string>,
  findPlace: ReturnType<typeof toPlaceFinder>,
): ClaimPlan {
  let codec: string | undefined;
  let place: { by: NonNullable<ClaimRuleFields['placeBy']>; text: string } | undefined;
  let name: string | undefined;
  const ruleIds = new Set<number>();
  for (const rule of rules) {
    const values = matchRule(rule, device);
    if (!values) continue;
    if (codec === undefined && rule.codec !== null) {
      codec = rule.codec;
      ruleIds.add(rule.id);
    }
    if (place === undefined && rule.place) {
      place = { by: rule.place.by, text: fillClaimTemplate(rule.place.template, values) };
      ruleIds.add(rule.id);
    }
    if (name === undefined && rule.deviceName) {
      name = fillClaimTemplate(rule.deviceName, values).trim().slice(0, 200);
      ruleIds.add(rule.id);
    }
  }
  const found = place ? findPlace(place.by, place.text) : [];
  const obstacles: { why: ClaimObstacle; text: string }[] = [];
  if (codec === undefined) obstacles.push({ why: 'no-codec-rule', text: device.heardProfile ?? '' });
  else if (!codecs.has(codec)) obstacles.push({ why: 'no-codec', text: codec });
  if (place === undefined) obstacles.push({ why: 'no-place-rule', text: device.heardName ?? '' });
  else if (found.length === 0) obstacles.push({ why: 'no-place', text: place.text });
  else if (found.length > 1) obstacles.push({ why: 'many-places', text: place.text });
  const [only] = found;
  return {
    deviceId: device.id,
    codec: codec ?? null,
    place: found.length === 1 && only ? { id: only.id, name: only.name } : null,
    name: name || device.heardName || device.devEui,
    ruleIds: [...ruleIds],
    obstacles,
  };
}
