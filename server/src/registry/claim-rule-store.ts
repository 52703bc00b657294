/** Claim rules: kept, changed with a version, audited. What a rule means is claim-plan.ts; applying it claim-batch-store.ts. */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, readable, requireRole, writable } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { type ClaimRuleFields, toReadyRule } from './claim-plan.ts';

export interface ClaimRule extends ClaimRuleFields {
  readonly id: number;
  readonly organisationId: number;
  readonly version: number;
}

const select = (sql: Sql | Transaction) => sql`
  SELECT r.id, r.organisation_id AS "organisationId", r.name, r.position, r.profile_pattern AS "profilePattern",
    r.name_pattern AS "namePattern", r.tag_patterns AS "tagPatterns", r.codec_key AS codec, r.place_by AS "placeBy",
    r.place_template AS "placeTemplate", r.name_template AS "nameTemplate", r.automatic, r.version
  FROM claim_rules r`;

/** In the order in which they are asked. */
export async function findClaimRules(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
): Promise<ClaimRule[]> {
  return sql<ClaimRule[]>`
    ${select(sql)} WHERE r.organisation_id = ${organisationId} AND ${readable(sql, actor, 'r', 'members')}
    ORDER BY r.position, r.id`;
}

/** @throws AppError NOT_FOUND also for one that the actor may not see */
export async function getClaimRule(sql: Sql | Transaction, actor: Actor, id: number): Promise<ClaimRule> {
  const [row] = await sql<
    ClaimRule[]
  >`${select(sql)} WHERE r.id = ${id} AND ${readable(sql, actor, 'r', 'members')}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such rule.', { at: 'rule' });
  return row;
}

const MAX_RULES = 200;

/** @throws AppError BAD_BODY when a pattern cannot be read */
export async function createClaimRule(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  fields: ClaimRuleFields,
): Promise<ClaimRule> {
  requireRole(actor, organisationId, 'editor');
  toReadyRule(0, fields);
  const [count] = await tx<
    { n: number }[]
  >`SELECT count(*)::int AS n FROM claim_rules WHERE organisation_id = ${organisationId}`;
  if ((count?.n ?? 0) >= MAX_RULES)
    throw new AppError('TOO_LARGE', `An organisation has at most ${MAX_RULES} rules.`);
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO claim_rules (organisation_id, name, position, profile_pattern, name_pattern, tag_patterns, codec_key,
      place_by, place_template, name_template, automatic)
    VALUES (${organisationId}, ${fields.name}, ${fields.position}, ${fields.profilePattern}, ${fields.namePattern},
      ${JSON.stringify(fields.tagPatterns)}::text::jsonb, ${fields.codec}, ${fields.placeBy}, ${fields.placeTemplate},
      ${fields.nameTemplate}, ${fields.automatic})
    RETURNING id`;
  const id = (row as { id: number }).id;
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'claim-rule',
    entityId: id,
    after: fields,
  });
  return getClaimRule(tx, actor, id);
}

function conflict(current: ClaimRule): AppError {
  return new AppError('VERSION_CONFLICT', 'Somebody else changed this rule meanwhile.', {
    extra: { current },
  });
}

export async function updateClaimRule(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: Partial<ClaimRuleFields>,
): Promise<ClaimRule> {
  const before = await getClaimRule(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const f: ClaimRuleFields = { ...before, ...change };
  toReadyRule(id, f);
  const updated = await tx`
    UPDATE claim_rules r SET name = ${f.name}, position = ${f.position}, profile_pattern = ${f.profilePattern},
      name_pattern = ${f.namePattern}, tag_patterns = ${JSON.stringify(f.tagPatterns)}::text::jsonb, codec_key = ${f.codec},
      place_by = ${f.placeBy}, place_template = ${f.placeTemplate}, name_template = ${f.nameTemplate},
      automatic = ${f.automatic}, version = version + 1
    WHERE r.id = ${id} AND r.version = ${version} AND ${writable(tx, actor, 'r', 'editor')}`;
  if (updated.count === 0) throw conflict(await getClaimRule(tx, actor, id));
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'claim-rule',
    entityId: id,
    before,
    after: change,
  });
  return getClaimRule(tx, actor, id);
}

export async function deleteClaimRule(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
): Promise<void> {
  const before = await getClaimRule(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const gone = await tx`
    DELETE FROM claim_rules r WHERE r.id = ${id} AND r.version = ${version} AND ${writable(tx, actor, 'r', 'editor')}`;
  if (gone.count === 0) throw conflict(await getClaimRule(tx, actor, id));
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'delete',
    entity: 'claim-rule',
    entityId: id,
    before,
  });
}
