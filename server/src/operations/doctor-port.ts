/**
 * `torv doctor`: what is wrong with an installation, or soon will be, each with the way out. It only looks.
 * Every check is a row; a check that itself fails is told as a finding and never hides the others.
 */
import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';

interface DoctorContext {
  readonly runtime: { readonly config: Config; readonly database: Database; readonly now: () => number };
  readonly output: { line(text: string): void };
}

interface Finding {
  readonly level: 'ok' | 'attention' | 'problem';
  readonly text: string;
  readonly wayOut?: string;
}

type Check = readonly [what: string, look: (context: DoctorContext['runtime']) => Promise<Finding>];

const ok = (text: string): Finding => ({ level: 'ok', text });
const attention = (text: string, wayOut: string): Finding => ({ level: 'attention', text, wayOut });
const problem = (text: string, wayOut: string): Finding => ({ level: 'problem', text, wayOut });

/** Above this many observations the embedded database is no longer the right one (docs/decisions/0001). */
const EMBEDDED_LIMIT = 20_000_000;
const LOW_DISK_BYTES = 2 * 1024 ** 3;

const CHECKS: readonly Check[] = [
  [
    'Node',
    async () => {
      const [major = 0] = process.versions.node.split('.').map(Number);
      return major >= 22
        ? ok(`Node ${process.versions.node}`)
        : attention(
            `Node ${process.versions.node} gets no more security fixes.`,
            'Install Node 24 when you can.',
          );
    },
  ],
  [
    'Database',
    async ({ database }) => {
      const [row] = await database.sql<{ postgis: string }[]>`SELECT postgis_lib_version() AS postgis`;
      return ok(
        `${database.kind === 'embedded' ? 'Embedded database' : 'PostgreSQL'} ${database.version}, PostGIS ${row?.postgis}`,
      );
    },
  ],
  [
    'Size',
    async ({ database }) => {
      const [row] = await database.sql<{ observations: number; bytes: number }[]>`
        SELECT (SELECT coalesce(sum(observations), 0)::bigint FROM datastream_stats) AS observations,
               pg_database_size(current_database())::bigint AS bytes`;
      const { observations = 0, bytes = 0 } = row ?? {};
      const text = `${observations.toLocaleString('en')} observations, ${(bytes / 1e6).toFixed(0)} MB`;
      if (database.kind === 'embedded' && observations > EMBEDDED_LIMIT) {
        return attention(
          `${text} is much for the embedded database.`,
          'Move to PostgreSQL: torv backup, set TORV_DATABASE_URL, torv restore.',
        );
      }
      return ok(text);
    },
  ],
  [
    'Clock',
    async ({ database, now }) => {
      const [row] = await database.sql<{ at: string }[]>`SELECT clock_timestamp() AS at`;
      const skewS = Math.abs(Date.parse(row?.at ?? '') - now()) / 1000;
      return skewS > 5
        ? problem(
            `This machine's clock and the database's are ${skewS.toFixed(0)} s apart.`,
            'Switch on time synchronisation (NTP) on both.',
          )
        : ok('Clocks agree');
    },
  ],
  [
    'Disk',
    async ({ config }) => {
      const { bavail, bsize } = await statfs(resolve(config.dataDir));
      const free = bavail * bsize;
      const text = `${(free / 1024 ** 3).toFixed(1)} GB free in ${config.dataDir}`;
      return free < LOW_DISK_BYTES
        ? problem(text, 'Make room: when the disk is full, nothing more is taken.')
        : ok(text);
    },
  ],
  [
    'Sources',
    async ({ database, now }) => {
      const rows = await database.sql<
        { name: string; state: string; reason: string | null; quiet: boolean }[]
      >`
        SELECT s.name, coalesce(t.state, 'idle') AS state, t.state_reason AS reason,
          s.kind IN ('webhook', 'mqtt') AND (t.last_message_at IS NULL OR t.last_message_at < ${new Date(now() - 6 * 3_600_000).toISOString()}::timestamptz) AS quiet
        FROM sources s LEFT JOIN source_status t ON t.source_id = s.id WHERE s.enabled`;
      const away = rows.filter((row) => row.state === 'waiting' || row.state === 'refused');
      if (away.length > 0) {
        return problem(
          `${away.length} of ${rows.length} sources do not reach their broker: ${away.map((r) => `${r.name} (${r.reason ?? r.state})`).join('; ')}`,
          'Open the page Sources.',
        );
      }
      const quiet = rows.filter((row) => row.quiet);
      if (quiet.length > 0)
        return attention(
          `${quiet.map((r) => r.name).join(', ')}: nothing for six hours or more.`,
          'Look at the network server, or switch the source off.',
        );
      return ok(rows.length === 0 ? 'No sources yet' : `${rows.length} sources deliver`);
    },
  ],
  [
    'Frames',
    async ({ database, now }) => {
      const day = new Date(now() - 86_400_000).toISOString();
      const [row] = await database.sql<{ rejected: number; pending: number; waiting: number }[]>`
        SELECT (SELECT count(*)::int FROM uplinks WHERE state = 2 AND network_time > ${day}::timestamptz) AS rejected,
               (SELECT count(*)::int FROM (SELECT FROM uplinks WHERE state = 0 LIMIT 10001) p) AS pending,
               (SELECT count(*)::int FROM devices WHERE state = 'waiting') AS waiting`;
      const { rejected = 0, pending = 0, waiting = 0 } = row ?? {};
      const text = `${pending} to be decoded, ${waiting} devices in the inbox, ${rejected} frames rejected in 24 hours`;
      return rejected > 0
        ? attention(text, 'The pages of the devices say why; a mended codec can decode them again.')
        : ok(text);
    },
  ],
  [
    'Codecs',
    async ({ database }) => {
      const rows = await database.sql<{ key: string; reason: string | null }[]>`
        SELECT key, quarantine_reason AS reason FROM codecs WHERE quarantined_at IS NOT NULL`;
      return rows.length > 0
        ? problem(
            `Switched off: ${rows.map((r) => `${r.key} (${r.reason ?? ''})`).join('; ')}`,
            'Mend them on the codec bench and switch them on again.',
          )
        : ok('No codec is switched off');
    },
  ],
  [
    'Jobs',
    async ({ database }) => {
      const rows = await database.sql<{ kind: string; n: number }[]>`
        SELECT kind, count(*)::int AS n FROM jobs WHERE state = 'failed' AND created_at > now() - interval '7 days' GROUP BY kind`;
      return rows.length > 0
        ? attention(
            `Failed in the last seven days: ${rows.map((r) => `${r.n} ${r.kind}`).join(', ')}`,
            'The page of the job says why.',
          )
        : ok('No failed jobs');
    },
  ],
  [
    'People',
    async ({ database }) => {
      const [row] = await database.sql<
        { admins: number }[]
      >`SELECT count(*)::int AS admins FROM users WHERE instance_admin AND disabled_at IS NULL`;
      return (row?.admins ?? 0) === 0
        ? attention(
            'Nobody can administer this installation yet.',
            'Start the server: it makes a one-time link.',
          )
        : ok(`${row?.admins} administrators of the installation`);
    },
  ],
  [
    'Secrets',
    async ({ config, database }) =>
      config.secretKey === undefined && database.kind === 'postgresql'
        ? attention(
            'TORV_SECRET_KEY is not set: broker passwords are sealed with a key in the data folder.',
            'Set it to the same value on every process, and keep a copy.',
          )
        : ok('Stored secrets are sealed'),
  ],
  [
    'Reach',
    async ({ config }) => {
      const open = config.host !== '127.0.0.1' && config.host !== '::1' && config.host !== 'localhost';
      if (open && config.tlsCert === undefined && !config.trustProxy) {
        return problem(
          `Torv listens on ${config.host} without TLS: passwords travel in the clear.`,
          'Set TORV_TLS_CERT and TORV_TLS_KEY, or put a reverse proxy before it and set TORV_TRUST_PROXY.',
        );
      }
      if (open && config.publicUrl === undefined)
        return attention(
          'TORV_PUBLIC_URL is not set: links in mails and in SensorThings follow the request.',
          'Set it to the address people use.',
        );
      return ok(open ? `Listens on ${config.host}` : 'Listens on this machine only');
    },
  ],
];

const MARK = { ok: 'ok       ', attention: 'attention', problem: 'PROBLEM  ' } as const;

export const doctorCommand = {
  name: 'doctor',
  summary: 'Tell what is wrong with this installation',
  help: `torv doctor

Looks at Node, database, disk, clocks, sources, frames, codecs, jobs, people and reach, and says what to do.
Exit code 1 when there is a problem.`,
  async run({ runtime, output }: DoctorContext): Promise<number> {
    let problems = 0;
    for (const [what, look] of CHECKS) {
      const finding = await look(runtime).catch((error: unknown) =>
        problem(`This could not be looked at: ${(error as Error).message}`, 'See the log of the server.'),
      );
      if (finding.level === 'problem') problems++;
      output.line(`${MARK[finding.level]}  ${what}: ${finding.text}`);
      if (finding.wayOut !== undefined) output.line(`           -> ${finding.wayOut}`);
    }
    output.line(
      problems === 0 ? 'Nothing is wrong.' : `${problems} ${problems === 1 ? 'problem' : 'problems'}.`,
    );
    return problems === 0 ? 0 : 1;
  },
} as const;
