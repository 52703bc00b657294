/** How many devices measure in each place, and how many of them are silent: numbers only, no identities. */
import type { Sql, Transaction } from '../db/database.ts';

export interface DeviceCount {
  readonly placeId: number;
  readonly devices: number;
  readonly silent: number;
}

/** Silent: nothing heard for three expected intervals (at least 30 minutes), or never. @param now RFC 3339 */
export async function findDeviceCounts(
  sql: Sql | Transaction,
  organisationId: number,
  now: string,
): Promise<ReadonlyMap<number, DeviceCount>> {
  const rows = await sql<DeviceCount[]>`
    SELECT a.place_id AS "placeId", count(DISTINCT a.device_id)::int AS devices,
      (count(DISTINCT a.device_id) FILTER (WHERE s.last_seen IS NULL
        OR s.last_seen < ${now}::timestamptz - greatest(coalesce(d.expected_interval_s, 600) * 3, 1800) * interval '1 second'))::int AS silent
    FROM assignments a JOIN devices d ON d.id = a.device_id LEFT JOIN device_status s ON s.device_id = d.id
    WHERE a.organisation_id = ${organisationId} AND a.valid_until IS NULL AND d.state = 'claimed'
    GROUP BY a.place_id`;
  return new Map(rows.map((row) => [row.placeId, row]));
}
