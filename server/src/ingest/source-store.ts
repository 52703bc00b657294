/** Sources: where uplinks come from. A webhook's key is stored as a hash, a broker's password sealed. */
import { createHash, randomBytes } from 'node:crypto';
import type { Sql, Transaction } from '../db/database.ts';
import type { SourceRef } from './accept.ts';
import type { SourceFormat } from './source.ts';

export interface NewSource {
  readonly organisationId: number;
  readonly name: string;
  readonly kind: 'webhook' | 'mqtt' | 'broker' | 'file' | 'demo';
  readonly format: SourceFormat;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export function hashSourceKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** A new webhook key: shown once, kept as a hash. */
export function createSourceKey(): { readonly key: string; readonly hash: Buffer } {
  const key = `torvsrc_${randomBytes(32).toString('base64url')}`;
  return { key, hash: hashSourceKey(key) };
}

/** The source of this kind and name, made where it is not there. */
export async function ensureSource(tx: Sql | Transaction, input: NewSource): Promise<SourceRef> {
  const [there] = await tx<SourceRef[]>`
    SELECT id, organisation_id AS "organisationId", format FROM sources
    WHERE organisation_id = ${input.organisationId} AND kind = ${input.kind} AND name = ${input.name} AND format = ${input.format}
    ORDER BY id LIMIT 1`;
  if (there) return there;
  const [made] = await tx<SourceRef[]>`
    INSERT INTO sources (organisation_id, name, kind, format, settings)
    VALUES (${input.organisationId}, ${input.name}, ${input.kind}, ${input.format}, ${JSON.stringify(input.settings ?? {})}::text::jsonb)
    RETURNING id, organisation_id AS "organisationId", format`;
  return made as SourceRef;
}

/** The enabled webhook source of a key; undefined also for a key that was never given out. */
export async function findSourceByKey(sql: Sql, key: string): Promise<SourceRef | undefined> {
  const [row] = await sql<SourceRef[]>`
    SELECT id, organisation_id AS "organisationId", format FROM sources
    WHERE key_hash = ${hashSourceKey(key)} AND kind = 'webhook' AND enabled`;
  return row;
}
