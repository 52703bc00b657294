/** Groups out of a file: found again by site, school year and name; `previous_name` lets a group keep its identity. */
import { addGroupRoom, createGroup, findGroups, type Group, setGroupYear } from './group-store.ts';
import {
  type Change,
  type FaultyLine,
  getNumber,
  getText,
  NOTHING_PENDING,
  type Plan,
  type PlanContext,
  type PlannedLine,
  type RegistryLine,
  toDistinctLines,
  toFault,
  toMoment,
} from './import-plan.ts';

interface Given {
  readonly name: string;
  readonly schoolYear: number;
  readonly siteId: number;
  readonly people: number | undefined;
  readonly previousName: string | undefined;
  readonly rooms: readonly { readonly placeId: number; readonly name: string }[];
  readonly from: string;
  readonly until: string | null;
}

export async function planGroups(context: PlanContext, all: readonly RegistryLine[]): Promise<Plan> {
  const toKey = ({ fields }: RegistryLine) => `${fields.site}\n${fields.school_year}\n${fields.name}`;
  const distinct = toDistinctLines(all, toKey, 'name');
  const faulty: FaultyLine[] = [...distinct.faulty];
  const lines: PlannedLine[] = [];
  const groups = await findGroups(context.sql, context.organisationId);
  for (const line of distinct.lines) {
    const given = toGiven(context, line);
    if ('code' in given) {
      faulty.push({ line: line.line, fault: given });
      continue;
    }
    const find = (name: string, year: number) =>
      groups.find(
        (g) => g.siteId === given.siteId && g.years.some((y) => y.schoolYear === year && y.name === name),
      );
    const there = find(given.name, given.schoolYear);
    if (there !== undefined) lines.push(planChange(line.line, given, there));
    else {
      const before =
        given.previousName === undefined ? undefined : find(given.previousName, given.schoolYear - 1);
      if (given.previousName !== undefined && before === undefined)
        faulty.push({
          line: line.line,
          fault: toFault(
            'unknown',
            'previous_name',
            given.previousName,
            `There was no group "${given.previousName}" in ${given.schoolYear - 1}.`,
          ),
        });
      else if (before?.years.some((y) => y.schoolYear === given.schoolYear))
        faulty.push({
          line: line.line,
          fault: toFault(
            'not-possible',
            'previous_name',
            given.previousName ?? '',
            `"${given.previousName}" has another name in ${given.schoolYear} already.`,
          ),
        });
      else lines.push(planNew(context, line.line, given, before));
    }
  }
  return { lines, faulty };
}

function toGiven(context: PlanContext, { fields }: RegistryLine) {
  const siteText = getText(fields, 'site') ?? '';
  const site = context.findPlace(siteText);
  if (site?.kind !== 'site')
    return toFault('unknown', 'site', siteText, `There is no site "${siteText.slice(0, 60)}".`);
  const schoolYear = getNumber(fields, 'school_year') ?? 0;
  const rooms: { placeId: number; name: string }[] = [];
  for (const text of (fields.rooms ?? []) as readonly string[]) {
    const room = context.findPlace(text);
    if (room === undefined)
      return toFault('unknown', 'rooms', text, `There is no place "${text.slice(0, 60)}".`);
    rooms.push({ placeId: room.id, name: room.name });
  }
  const fromText = getText(fields, 'from') ?? `${schoolYear}-08-01`;
  const untilText = getText(fields, 'until');
  const from = toMoment(fromText, context.timeZone);
  const until = untilText === undefined ? null : toMoment(untilText, context.timeZone);
  if (from === undefined)
    return toFault('not-valid', 'from', fromText, `"${fromText}" is not a moment in ${context.timeZone}.`);
  if (until === undefined || (until !== null && Date.parse(until) <= Date.parse(from)))
    return toFault(
      'not-valid',
      'until',
      untilText ?? '',
      `"${untilText}" is not a moment after ${fromText}.`,
    );
  const given: Given = {
    name: getText(fields, 'name') ?? '',
    schoolYear,
    siteId: site.id,
    people: getNumber(fields, 'people'),
    previousName: getText(fields, 'previous_name'),
    rooms,
    from,
    until,
  };
  return given;
}

function toKeyText(given: Given): string {
  return `${given.name} (${given.schoolYear})`;
}

function planNew(context: PlanContext, line: number, given: Given, before: Group | undefined): PlannedLine {
  const year = { schoolYear: given.schoolYear, name: given.name, people: given.people ?? null };
  const rooms = given.rooms.map(({ placeId }) => ({ placeId, from: given.from, until: given.until }));
  const changes: Change[] =
    before === undefined ? [] : [{ field: 'name', before: given.previousName ?? null, after: given.name }];
  return {
    line,
    key: toKeyText(given),
    action: before === undefined ? 'new' : 'changed',
    changes,
    run: async (tx) => {
      if (before === undefined)
        await createGroup(tx, context.actor, context.organisationId, {
          siteId: given.siteId,
          years: [year],
          rooms,
        });
      else {
        await setGroupYear(tx, before.id, year);
        for (const room of rooms) await addGroupRoom(tx, before.id, room);
      }
      return NOTHING_PENDING;
    },
  };
}

function planChange(line: number, given: Given, there: Group): PlannedLine {
  const year = there.years.find((y) => y.schoolYear === given.schoolYear && y.name === given.name);
  const overlaps = (room: Group['rooms'][number]) =>
    (given.until === null || Date.parse(room.from) < Date.parse(given.until)) &&
    (room.until === null || Date.parse(room.until) > Date.parse(given.from));
  const missing = given.rooms.filter(
    ({ placeId }) => !there.rooms.some((room) => room.placeId === placeId && overlaps(room)),
  );
  const people = given.people;
  const grows = people !== undefined && people !== (year?.people ?? null);
  const changes: Change[] = [
    ...(grows ? [{ field: 'people', before: year?.people ?? null, after: people }] : []),
    ...missing.map((room) => ({ field: 'rooms', before: null, after: room.name })),
  ];
  if (changes.length === 0) return { line, key: toKeyText(given), action: 'same', changes };
  return {
    line,
    key: toKeyText(given),
    action: 'changed',
    changes,
    run: async (tx) => {
      if (grows) await setGroupYear(tx, there.id, { schoolYear: given.schoolYear, name: given.name, people });
      for (const { placeId } of missing)
        await addGroupRoom(tx, there.id, { placeId, from: given.from, until: given.until });
      return NOTHING_PENDING;
    },
  };
}
