/**
 * The SQL of each operator, function, path and option as a text that is read in review.
 * UPDATE_GOLDEN=1 npx vitest run server/src/sensorthings/to-sql.golden.test.ts writes it anew.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkQuery } from '@torv/core/odata/check';
import { parseOptions, parseQuery } from '@torv/core/odata/parse';
import { parsePath } from '@torv/core/odata/path';
import { V1_1 } from '@torv/core/sta/version';
import { expect, it } from 'vitest';
import { type Actor, ANONYMOUS } from '../access/port.ts';
import type { Fragment, Sql } from '../db/database.ts';
import type { Context } from './joins.ts';
import {
  toCountStatement,
  toEntityStatement,
  toExistence,
  toPropertyStatement,
  toSetStatement,
} from './to-sql.ts';
import { NOW } from './world.fixture.ts';

const FILE = join(import.meta.dirname, 'to-sql.golden.sql');

const SCREEN: Actor = { kind: 'link', linkId: 1, organisationId: 7, placeId: 9 };
const MEMBER: Actor = { kind: 'user', userId: 1, instanceAdmin: false, roles: new Map([[7, 'viewer']]) };

const PATHS = [
  '/Things',
  '/Things(1)',
  '/Things(1)/name',
  '/Things(1)/properties/a/b',
  '/Things(1)/Datastreams',
  '/Things(1)/Datastreams(2)/Observations(6693826789900289)/FeatureOfInterest',
  '/Things(1)/Locations(2)/HistoricalLocations',
  '/Datastreams(2)/Observations?$orderby=phenomenonTime desc&$top=10',
  '/Datastreams(2)/Observations?$top=10&$skiptoken=WyIyMDI2LTExLTIyIDA1OjMyOjIwLjk2OTM4NSswMCIsIjY2OTM4MjY3ODkwMDAyODkiXQ',
  '/FeaturesOfInterest(1)/Observations',
  '/Things?$top=2&$skip=4&$orderby=name desc,id',
  '/Observations?$orderby=result,Datastream/Thing/name desc',
  '/Observations?$orderby=phenomenonTime desc&$filter=result gt 1&$top=10',
  '/Things?$select=name&$expand=Locations($select=location),Datastreams($filter=id gt 1;$orderby=name;$top=5;$count=true;$expand=Sensor,Observations($orderby=phenomenonTime desc;$top=1))',
];

const COUNTS = [
  "/Things?$filter=name eq 'x'",
  '/Observations',
  '/Datastreams(2)/Observations',
  '/Datastreams(2)/Observations?$filter=result gt 1',
];

/** Over Observations. */
const FILTERS = [
  'result eq 1', "result gt '3'", 'result ne true', 'result eq null', 'result ne null', 'result/a/b[1] gt 3',
  'id eq 5', 'id gt 5.5', "id eq '5'", 'not result lt 1', 'result gt 1 and result lt 5 or id eq 1',
  'result add 1 sub 2 mul 3 div 4 mod 5 eq 6', 'parameters/int eq Datastream/properties/int',
  'phenomenonTime eq 2026-11-22T08:15:00Z', 'phenomenonTime ne 2026-11-22T08:15:00Z', 'phenomenonTime lt 2026-11-22T08:15:00Z',
  'phenomenonTime le 2026-11-22T08:15:00Z', 'phenomenonTime gt 2026-11-22T08:15:00Z', 'phenomenonTime ge 2026-11-22T08:15:00Z',
  'phenomenonTime ge 2026-11-01T00:00:00Z/2026-12-01T00:00:00Z', 'validTime gt phenomenonTime',
  'resultTime lt now()', "phenomenonTime add duration'PT1H' gt maxdatetime()", "resultTime sub phenomenonTime gt duration'PT1H' mul 2",
  "Datastream/Thing/name eq 'x'", "FeatureOfInterest/name eq 'x'", 'Datastream/Thing/Locations/id eq null',
  "Datastream/Thing/Locations/name eq 'x' and Datastream/Thing/Locations/id gt 3 and result gt 5",
  "substringof('a',Datastream/name)", "endswith(Datastream/name,'a')", "startswith(Datastream/name,'a')", 'length(Datastream/name) gt 1',
  "indexof(Datastream/name,'a') gt 1", "substring(Datastream/name,1) eq 'a'", "substring(Datastream/name,1,2) eq 'a'",
  "tolower(Datastream/name) lt 'a'", "toupper(Datastream/name) eq 'A'", "trim(Datastream/name) eq 'a'", "concat(Datastream/name,result) eq 'a'",
  'year(resultTime) eq 1', 'month(resultTime) eq 1', 'day(resultTime) eq 1', 'hour(resultTime) eq 1', 'minute(resultTime) eq 1',
  'second(resultTime) eq 1', 'fractionalseconds(resultTime) eq 0.5', 'date(resultTime) eq 2026-11-22', 'time(resultTime) gt 08:00:00',
  'totaloffsetminutes(resultTime) eq 0', 'resultTime gt mindatetime()',
  'before(phenomenonTime,resultTime)', 'after(phenomenonTime,resultTime)', 'meets(validTime,phenomenonTime)',
  'during(phenomenonTime,validTime)', 'overlaps(phenomenonTime,validTime)', 'starts(phenomenonTime,validTime)', 'finishes(phenomenonTime,validTime)',
  'round(result) eq 1', 'floor(result) eq 1', 'ceiling(result) eq 1',
  ...['geo.distance(F,G) lt 1', 'geo.length(F) gt 1', 'geo.intersects(F,G)', 'st_equals(F,G)', 'st_disjoint(F,G)', 'st_touches(F,G)',
    'st_within(F,G)', 'st_overlaps(F,G)', 'st_crosses(F,G)', 'st_intersects(F,G)', 'st_contains(F,G)', "st_relate(F,G,'T********')",
  ].map((text) => text.replaceAll('F', 'FeatureOfInterest/feature').replaceAll('G', "geography'POINT (30 10)'")),
]; // biome-ignore format: a table

/** Looks like postgres.js's tag, and writes down what it is given. */
interface Written {
  readonly text: string;
}
function writeDown(first: TemplateStringsArray | string | string[], ...values: unknown[]): Written {
  if (typeof first === 'string') return { text: first };
  const strings = first as TemplateStringsArray;
  const text = strings.reduce((all, part, i) => {
    const value = values[i - 1];
    const isWritten = typeof value === 'object' && value !== null && 'text' in value;
    return `${all}${isWritten ? (value as Written).text : `«${JSON.stringify(value)}»`}${part}`;
  });
  return { text };
}

function toContext(actor: Actor): Context {
  let aliases = 0;
  return { sql: writeDown as unknown as Sql, actor, now: NOW, nextAlias: () => `t${aliases++}` };
}

function toText(fragment: Fragment): string {
  return (fragment as unknown as Written).text
    .replace(/\s+/g, ' ')
    .replace(/ (FROM|WHERE|LEFT JOIN|ORDER BY|LIMIT|JOIN) /g, '\n  $1 ')
    .trim();
}

function toStatement(address: string, actor: Actor, count = false): string {
  const [address0 = '', search = ''] = address.split('?');
  const path = parsePath(V1_1, address0);
  const entity = path.steps.at(-1)?.entity ?? 'thing';
  const query = checkQuery(V1_1, entity, parseQuery(parseOptions(search)));
  const byMonth = { byMonth: true };
  if (count) return toText(toCountStatement(toContext(actor), path.steps, query));
  if (path.property !== undefined)
    return toText(toPropertyStatement(toContext(actor), path.steps, path.property, byMonth));
  return path.kind === 'set'
    ? toText(toSetStatement(toContext(actor), path.steps, query).query)
    : toText(toEntityStatement(toContext(actor), path.steps, query, byMonth).query);
}

function render(): string {
  const parts = PATHS.map((path) => `-- ${path}\n${toStatement(path, ANONYMOUS)}`);
  for (const path of COUNTS) parts.push(`-- count ${path}\n${toStatement(path, ANONYMOUS, true)}`);
  for (const [who, actor] of [
    ['a member', MEMBER],
    ["a room's screen", SCREEN],
  ] as const) {
    for (const set of V1_1.sets.keys()) {
      const statement = toStatement(`/${set}?$select=id`, actor);
      parts.push(
        `-- ${who} reads ${set}\n${statement.slice(statement.indexOf('WHERE'), statement.indexOf('\n  ORDER BY'))}`,
      );
    }
  }
  const steps = parsePath(V1_1, '/Things(1)/Datastreams(2)').steps;
  parts.push(
    `-- is there /Things(1)/Datastreams(2)\n${toText(toExistence(toContext(ANONYMOUS), steps, { byMonth: false }))}`,
  );
  for (const filter of FILTERS) {
    const statement = toStatement(`/Datastreams(1)/Observations?$select=id&$filter=${filter}`, MEMBER);
    const from =
      statement.indexOf('LEFT JOIN') === -1 ? statement.indexOf('WHERE') : statement.indexOf('LEFT JOIN');
    parts.push(`-- $filter=${filter}\n${statement.slice(from, statement.lastIndexOf('\n  ORDER BY'))}`);
  }
  return `-- Generated by to-sql.golden.test.ts. Values that travel as parameters stand in «».\n\n${parts.join('\n\n')}\n`;
}

it('makes the SQL that was read in review', () => {
  const text = render();
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, text);
  expect(text).toBe(existsSync(FILE) ? readFileSync(FILE, 'utf8') : 'missing: run with UPDATE_GOLDEN=1');
});

it('puts no value of a query into the text of a statement', () => {
  const text = toStatement(
    "/Things?$filter=name eq 'needle''; --' and id gt 424242 and properties/haystack eq 1&$skip=77777",
    ANONYMOUS,
  );
  const outside = text.replace(/«[^»]*»/g, '');
  for (const value of ['needle', '424242', 'haystack', '77777']) expect(outside).not.toContain(value);
});
