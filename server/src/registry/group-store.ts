/** Groups (a class in a school year) and the rooms they occupy. A group keeps its identity while its name moves up each August. */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, requireRole } from '../access/port.ts';
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
  for (const year of input.years) {
    await tx`INSERT INTO group_years (group_id, school_year, name, people) VALUES (${group.id}, ${year.schoolYear}, ${year.name}, ${year.people})`;
  }
  for (const room of input.rooms) {
    await tx`INSERT INTO group_rooms (group_id, place_id, valid_from, valid_until) VALUES (${group.id}, ${room.placeId}, ${room.from}, ${room.until})`;
  }
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'group',
    entityId: group.id,
    after: input,
  });
  return group.id;
}

/** Groups of an organisation; who may see the organisation is the caller's check. */
export async function findGroups(sql: Sql | Transaction, organisationId: number): Promise<Group[]> {
  return sql<Group[]>`
    SELECT g.id, g.organisation_id AS "organisationId", g.site_id AS "siteId", g.version,
      coalesce((SELECT jsonb_agg(jsonb_build_object('schoolYear', y.school_year, 'name', y.name, 'people', y.people) ORDER BY y.school_year)
                FROM group_years y WHERE y.group_id = g.id), '[]') AS years,
      coalesce((SELECT jsonb_agg(jsonb_build_object('placeId', r.place_id,
                  'from', to_char(r.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                  'until', to_char(r.valid_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY r.valid_from)
                FROM group_rooms r WHERE r.group_id = g.id), '[]') AS rooms
    FROM groups g WHERE g.organisation_id = ${organisationId} ORDER BY g.id`;
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
