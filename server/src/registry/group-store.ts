/** Groups (a class in a school year) and the rooms they occupy. A group keeps its identity while its name moves up each August. */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, readable, requireRole } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';

export interface GroupYear {
  /** The year it begins in: 2026 is August 2026 to July 2027. */
  readonly schoolYear: number;
  readonly name: string;
  readonly people: number | null;
}

export interface GroupRoom {
  readonly placeId: number;
  /** RFC 3339, half open */
  readonly from: string;
  readonly until: string | null;
}

export interface Group {
  readonly id: number;
  readonly organisationId: number;
  readonly siteId: number;
  readonly version: number;
  readonly years: readonly GroupYear[];
  readonly rooms: readonly GroupRoom[];
}

export async function createGroup(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  input: {
    readonly siteId: number;
    readonly years: readonly GroupYear[];
    readonly rooms: readonly GroupRoom[];
  },
): Promise<number> {
  requireRole(actor, organisationId, 'editor');
  const [group] = await tx<{ id: number }[]>`
    INSERT INTO groups (organisation_id, site_id)
    SELECT ${organisationId}, thing_id FROM places WHERE thing_id = ${input.siteId} AND organisation_id = ${organisationId} RETURNING id`;
  if (!group) throw new AppError('NOT_FOUND', 'There is no such site.', { at: 'siteId' });
  await insertYearsAndRooms(tx, organisationId, group.id, input);
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'group',
    entityId: group.id,
    after: input,
  });
  return group.id;
}

interface GroupContent {
  readonly years: readonly GroupYear[];
  readonly rooms: readonly GroupRoom[];
}

/** @throws AppError BAD_BODY, OVERLAP, NOT_FOUND naming the member */
async function insertYearsAndRooms(
  tx: Transaction,
  organisationId: number,
  groupId: number,
  content: GroupContent,
): Promise<void> {
  const years = content.years.map((year) => year.schoolYear);
  if (new Set(years).size < years.length)
    throw new AppError('OVERLAP', 'A school year stands there twice.', { at: 'body/years' });
  for (const year of content.years) {
    await tx`INSERT INTO group_years (group_id, school_year, name, people) VALUES (${groupId}, ${year.schoolYear}, ${year.name}, ${year.people})`;
  }
  for (const [i, room] of content.rooms.entries()) {
    const at = `body/rooms/${i}`;
    if (room.until !== null && Date.parse(room.until) <= Date.parse(room.from))
      throw new AppError('BAD_BODY', 'The period ends before it begins.', { at });
    const made = await tx`
      INSERT INTO group_rooms (group_id, place_id, valid_from, valid_until)
      SELECT ${groupId}, thing_id, ${room.from}::timestamptz, ${room.until}::timestamptz
      FROM places WHERE thing_id = ${room.placeId} AND organisation_id = ${organisationId}`;
    if (made.count === 0) throw new AppError('NOT_FOUND', 'There is no such place.', { at });
  }
}

/** @throws AppError NOT_FOUND also for a group that the actor may not see */
export async function getGroup(sql: Sql | Transaction, actor: Actor, id: number): Promise<Group> {
  const [row] = await sql<
    Group[]
  >`${selectGroups(sql)} WHERE g.id = ${id} AND ${readable(sql, actor, 'g', 'members')}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such group.', { at: 'group' });
  return row;
}

/** @throws AppError VERSION_CONFLICT with the present text */
export async function updateGroup(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: Partial<GroupContent>,
): Promise<Group> {
  const before = await getGroup(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const updated = await tx`UPDATE groups SET version = version + 1 WHERE id = ${id} AND version = ${version}`;
  if (updated.count === 0)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this group meanwhile.', {
      extra: { current: await getGroup(tx, actor, id) },
    });
  if (change.years) await tx`DELETE FROM group_years WHERE group_id = ${id}`;
  if (change.rooms) await tx`DELETE FROM group_rooms WHERE group_id = ${id}`;
  await insertYearsAndRooms(tx, before.organisationId, id, {
    years: change.years ?? [],
    rooms: change.rooms ?? [],
  });
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'group',
    entityId: id,
    before: { years: before.years, rooms: before.rooms },
    after: change,
  });
  return getGroup(tx, actor, id);
}

const selectGroups = (sql: Sql | Transaction) => sql`
    SELECT g.id, g.organisation_id AS "organisationId", g.site_id AS "siteId", g.version,
      coalesce((SELECT jsonb_agg(jsonb_build_object('schoolYear', y.school_year, 'name', y.name, 'people', y.people) ORDER BY y.school_year)
                FROM group_years y WHERE y.group_id = g.id), '[]') AS years,
      coalesce((SELECT jsonb_agg(jsonb_build_object('placeId', r.place_id,
                  'from', to_char(r.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                  'until', to_char(r.valid_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY r.valid_from)
                FROM group_rooms r WHERE r.group_id = g.id), '[]') AS rooms
    FROM groups g`;

/** Groups of an organisation; who may see the organisation is the caller's check. */
export async function findGroups(
  sql: Sql | Transaction,
  organisationId: number,
  placeId?: number,
): Promise<Group[]> {
  return sql<Group[]>`
    ${selectGroups(sql)} WHERE g.organisation_id = ${organisationId}
    ${placeId === undefined ? sql`` : sql`AND EXISTS (SELECT FROM group_rooms r WHERE r.group_id = g.id AND r.place_id = ${placeId})`}
    ORDER BY g.id`;
}

/** "7.B" -> "8.B": the number at the beginning goes up by one; a name without one stays. */
export function toNextName(name: string): string {
  return name.replace(/^\d+/, (digits) => String(Number(digits) + 1));
}

/** Gives every group of the organisation its name for the next school year where it has none yet. @returns how many moved up */
export async function advanceGroups(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  schoolYear: number,
): Promise<number> {
  requireRole(actor, organisationId, 'editor');
  const rows = await tx<{ group_id: number; name: string; people: number | null }[]>`
    SELECT y.group_id, y.name, y.people FROM group_years y JOIN groups g ON g.id = y.group_id
    WHERE g.organisation_id = ${organisationId} AND y.school_year = ${schoolYear - 1}
      AND NOT EXISTS (SELECT FROM group_years n WHERE n.group_id = g.id AND n.school_year = ${schoolYear})`;
  for (const row of rows) {
    await tx`INSERT INTO group_years (group_id, school_year, name, people) VALUES (${row.group_id}, ${schoolYear}, ${toNextName(row.name)}, ${row.people})`;
    await tx`UPDATE groups SET version = version + 1 WHERE id = ${row.group_id}`;
  }
  if (rows.length > 0)
    await insertAudit(tx, actor, {
      organisationId,
      action: 'update',
      entity: 'groups',
      entityId: null,
      after: { schoolYear, moved: rows.length },
    });
  return rows.length;
}

/** The group's name and size in one school year, set or changed; who may is the caller's check. */
export async function setGroupYear(tx: Transaction, groupId: number, year: GroupYear): Promise<void> {
  await tx`
    INSERT INTO group_years (group_id, school_year, name, people) VALUES (${groupId}, ${year.schoolYear}, ${year.name}, ${year.people})
    ON CONFLICT (group_id, school_year) DO UPDATE SET name = excluded.name, people = excluded.people`;
  await tx`UPDATE groups SET version = version + 1 WHERE id = ${groupId}`;
}

export async function addGroupRoom(tx: Transaction, groupId: number, room: GroupRoom): Promise<void> {
  await tx`
    INSERT INTO group_rooms (group_id, place_id, valid_from, valid_until)
    VALUES (${groupId}, ${room.placeId}, ${room.from}, ${room.until})`;
  await tx`UPDATE groups SET version = version + 1 WHERE id = ${groupId}`;
}
