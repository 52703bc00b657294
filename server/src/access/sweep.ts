/** What has ended is removed: sessions at once, links a month later (until then their list shows them as used). */
import type { Sql } from '../db/database.ts';
import { toInstant } from './context.ts';
import { IDLE_MS } from './session-store.ts';

const LINKS_KEPT_MS = 30 * 86_400_000;

export interface AccessSweep {
  readonly sessions: number;
  readonly links: number;
}

export async function sweepAccess(sql: Sql, nowMs: number = Date.now()): Promise<AccessSweep> {
  const sessions = await sql`
    DELETE FROM sessions WHERE expires_at <= ${toInstant(nowMs)} OR last_seen_at <= ${toInstant(nowMs - IDLE_MS)}`;
  const links = await sql`
    DELETE FROM links WHERE coalesce(used_at, revoked_at, expires_at) <= ${toInstant(nowMs - LINKS_KEPT_MS)}`;
  return { sessions: sessions.count, links: links.count };
}
