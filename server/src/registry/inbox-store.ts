/** The inbox: devices that were heard but belong to nobody yet, with what the network server calls them. Members only. */
import { suggestCodec } from '@torv/core/codec-suggestion';
import type { FieldMapping } from '@torv/core/mapping';
import { type Actor, readable, requireRole } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { getCodecByKey } from './codec-store.ts';

interface CodecName {
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
}

export interface InboxDevice {
  readonly id: number;
  readonly devEui: string;
  readonly heard: {
    readonly name: string | null;
    readonly profile: string | null;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly source: string | null;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly rssi: number | null;
  readonly snr: number | null;
  /** Frames heard; at most 1,000 of them are kept until the device is claimed. */
  readonly frames: number;
  readonly lastPayload: string | null;
  readonly lastFPort: number | null;
  /** By the profile's name; a person confirms it beside the readings. */
  readonly suggestedCodec: string | null;
}

export async function findInbox(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
): Promise<InboxDevice[]> {
  requireRole(actor, organisationId, 'viewer');
  const names = await sql<CodecName[]>`
    SELECT DISTINCT key, vendor, model FROM codecs WHERE organisation_id = ${organisationId} OR origin = 'shipped'`;
  const rows = await sql<Omit<InboxDevice, 'suggestedCodec'>[]>`
    SELECT d.id, d.dev_eui AS "devEui",
      jsonb_build_object('name', d.heard_name, 'profile', d.heard_profile, 'tags', d.heard_tags) AS heard,
      o.name AS source, s.first_seen AS "firstSeen", s.last_seen AS "lastSeen", s.rssi, s.snr, coalesce(s.frames, 0)::int AS frames,
      encode(u.payload, 'hex') AS "lastPayload", u.f_port AS "lastFPort"
    FROM devices d
    LEFT JOIN device_status s ON s.device_id = d.id
    LEFT JOIN sources o ON o.id = d.source_id
    LEFT JOIN LATERAL (
      SELECT payload, f_port FROM uplinks u WHERE u.device_id = d.id AND u.network_time = s.last_seen LIMIT 1
    ) u ON TRUE
    WHERE d.organisation_id = ${organisationId} AND d.state = 'waiting' AND ${readable(sql, actor, 'd', 'members')}
    ORDER BY s.last_seen DESC NULLS LAST, d.id`;
  return rows.map((row) => ({
    ...row,
    suggestedCodec: suggestCodec(row.heard.profile ?? row.heard.name ?? '', names) ?? null,
  }));
}

export interface TrialCodec {
  readonly key: string;
  readonly script: string;
  readonly mapping: readonly FieldMapping[];
}

/** A codec's current script and mapping for trying it, never for writing. @throws AppError NOT_FOUND */
export async function getTrialCodec(
  sql: Sql | Transaction,
  organisationId: number,
  key: string,
): Promise<TrialCodec> {
  const codec = await getCodecByKey(sql, organisationId, key);
  const [row] = await sql<{ script: string; script_hash: string; mapping: readonly FieldMapping[] | null }[]>`
    SELECT v.script, v.script_hash, v.description->'mapping' AS mapping
    FROM codec_versions v WHERE v.codec_id = ${codec.id} AND v.number = ${codec.currentVersion}`;
  return {
    key: `${organisationId}:${row?.script_hash ?? ''}`,
    script: row?.script ?? '',
    mapping: row?.mapping ?? [],
  };
}
