/** Organisations: who owns what. The system organisation owns ObservedProperties and shipped codecs. */
import { AppError } from '@torv/core/errors';
import { PROPERTIES, PROPERTY_KEYS } from '@torv/core/properties';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';

export interface Organisation {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly kind: 'municipality' | 'partner' | 'demo' | 'system' | 'open';
  readonly country: string;
  readonly timeZone: string;
  readonly locale: 'da' | 'sv' | 'nl' | 'en';
  readonly version: number;
}

export type NewOrganisation = Omit<Organisation, 'id' | 'version' | 'kind'> & {
  readonly kind?: 'municipality' | 'partner' | 'demo';
  readonly ground?: unknown;
};

const columns = (sql: Sql | Transaction) =>
  sql`id, slug, name, kind, country, time_zone AS "timeZone", locale, version`;

export async function findOrganisations(sql: Sql | Transaction): Promise<Organisation[]> {
  return sql<Organisation[]>`SELECT ${columns(sql)} FROM organisations WHERE kind <> 'system' ORDER BY id`;
}

/** By number or by slug. @throws AppError NOT_FOUND */
export async function getOrganisation(sql: Sql | Transaction, ref: number | string): Promise<Organisation> {
  const [row] = await sql<Organisation[]>`
    SELECT ${columns(sql)} FROM organisations
    WHERE ${typeof ref === 'number' ? sql`id = ${ref}` : sql`slug = ${ref}`}`;
  if (!row) throw new AppError('NOT_FOUND', `There is no organisation "${ref}".`, { at: 'organisation' });
  return row;
}

/** @throws AppError EXISTS when the slug is taken */
export async function createOrganisation(
  tx: Transaction,
  actor: Actor,
  input: NewOrganisation,
): Promise<Organisation> {
  const [row] = await tx<Organisation[]>`
    INSERT INTO organisations (slug, name, kind, country, time_zone, locale, ground)
    VALUES (${input.slug}, ${input.name}, ${input.kind ?? 'municipality'}, ${input.country}, ${input.timeZone}, ${input.locale},
      ${JSON.stringify(input.ground ?? { type: 'FeatureCollection', features: [] })}::text::jsonb)
    ON CONFLICT (slug) DO NOTHING
    RETURNING ${columns(tx)}`;
  if (!row) throw new AppError('EXISTS', `An organisation "${input.slug}" exists already.`, { at: 'slug' });
  await insertAudit(tx, actor, {
    organisationId: row.id,
    action: 'create',
    entity: 'organisation',
    entityId: row.id,
    after: row,
  });
  return row;
}

/** @throws AppError VERSION_CONFLICT with the present text */
export async function updateOrganisation(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: Partial<Pick<Organisation, 'name' | 'country' | 'timeZone' | 'locale'>>,
): Promise<Organisation> {
  const before = await getOrganisation(tx, id);
  const fields = { ...before, ...change };
  const [row] = await tx<Organisation[]>`
    UPDATE organisations SET name = ${fields.name}, country = ${fields.country}, time_zone = ${fields.timeZone},
      locale = ${fields.locale}, version = version + 1
    WHERE id = ${id} AND version = ${version} RETURNING ${columns(tx)}`;
  if (!row) {
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed the organisation meanwhile.', {
      extra: { current: await getOrganisation(tx, id) },
    });
  }
  await insertAudit(tx, actor, {
    organisationId: id,
    action: 'update',
    entity: 'organisation',
    entityId: id,
    before,
    after: change,
  });
  return row;
}

/** The property table as ObservedProperties of the system organisation; run at each start, changes only what differs. */
export async function syncObservedProperties(sql: Sql | Transaction): Promise<void> {
  const rows = PROPERTY_KEYS.map((key) => ({ key, ...PROPERTIES[key] }));
  await sql`
    INSERT INTO observed_properties AS p (organisation_id, key, name, definition, description, visibility)
    SELECT o.id, g.key, g.name, g.definition, g.description, 'public'
    FROM unnest(${rows.map((r) => r.key)}::text[], ${rows.map((r) => r.name)}::text[], ${rows.map((r) => r.definition)}::text[],
      ${rows.map((r) => `${r.name}, in ${r.unit === '1' || r.unit === '{#}' ? 'counts or states' : r.unit}`)}::text[])
      AS g(key, name, definition, description)
    CROSS JOIN organisations o WHERE o.kind = 'system'
    ON CONFLICT (key) DO UPDATE SET name = excluded.name, definition = excluded.definition, description = excluded.description
    WHERE (p.name, p.definition, p.description) IS DISTINCT FROM (excluded.name, excluded.definition, excluded.description)`;
}

/** An organisation as the actor may meet it: a member's own, or the open demo. @throws AppError NOT_FOUND */
export async function getVisibleOrganisation(
  sql: Sql | Transaction,
  actor: Actor,
  id: number,
): Promise<Organisation> {
  const member = organisationsOf(actor, 'viewer');
  const here = actor.kind === 'link' && actor.organisationId === id;
  const organisation = await getOrganisation(sql, id).catch(() => undefined);
  if (
    !organisation ||
    !(
      member === undefined ||
      here ||
      member.includes(id) ||
      organisation.kind === 'demo' ||
      organisation.kind === 'open'
    )
  ) {
    throw new AppError('NOT_FOUND', 'There is no such organisation.', { at: 'organisation' });
  }
  return organisation;
}

/** The ground of the map: boundary, buildings, roads as GeoJSON. */
export async function findGround(sql: Sql | Transaction, organisationId: number): Promise<unknown> {
  const [row] = await sql<
    { ground: unknown }[]
  >`SELECT ground FROM organisations WHERE id = ${organisationId}`;
  return row?.ground ?? { type: 'FeatureCollection', features: [] };
}

/** By number, slug or name; made as a municipality where there is none (an operator's command). */
export async function ensureOrganisation(
  sql: Sql,
  actor: Actor,
  ref: string,
): Promise<Organisation & { readonly made: boolean }> {
  const [there] = await sql<Organisation[]>`
    SELECT ${columns(sql)} FROM organisations
    WHERE kind <> 'system' AND (slug = ${ref} OR name = ${ref} OR id::text = ${ref}) ORDER BY (slug = ${ref}) DESC LIMIT 1`;
  if (there) return { ...there, made: false };
  const slug = ref
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  if (slug === '')
    throw new AppError('BAD_REQUEST', `"${ref}" gives no name for an organisation.`, { at: 'organisation' });
  const made = await sql.begin((tx) =>
    createOrganisation(tx, actor, {
      slug,
      name: ref,
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
    }),
  );
  return { ...made, made: true };
}
