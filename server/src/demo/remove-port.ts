/** `torv demo remove`: the demo organisation and everything it owns, and nothing else; also while the server runs. */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';

interface DemoContext {
  readonly runtime: {
    readonly database: { readonly sql: Sql; readonly kind: string };
    readonly config: { readonly dataDir: string };
    readonly background: Map<string, { close(): Promise<void> }>;
  };
  readonly args: readonly string[];
  readonly output: { line(text: string): void; error(text: string): void };
}

const HELP = `torv demo remove

Removes the demo town: its organisation, devices, frames and readings. What is your own stays.`;

export const demoCommand = {
  name: 'demo',
  summary: 'Remove the demo town and its data',
  help: HELP,
  async run({ runtime, args, output }: DemoContext): Promise<number> {
    if (args[0] !== 'remove') {
      output.error(HELP);
      return 2;
    }
    const { sql } = runtime.database;
    const [demo] = await sql<
      { id: number; name: string }[]
    >`SELECT id, name FROM organisations WHERE kind = 'demo'`;
    if (!demo) throw new AppError('NOT_FOUND', 'There is no demo town here.');
    // Nothing may feed it meanwhile.
    await runtime.background.get('demo')?.close();
    runtime.background.delete('demo');
    const removed = { readings: 0, frames: 0 };
    // One Datastream, one device at a time: no statement holds many rows for long.
    for (const { id } of await sql<
      { id: number }[]
    >`SELECT id FROM datastreams WHERE organisation_id = ${demo.id}`) {
      removed.readings += (await sql`DELETE FROM observations WHERE datastream_id = ${id}`).count;
    }
    for (const { id } of await sql<
      { id: number }[]
    >`SELECT id FROM devices WHERE organisation_id = ${demo.id}`) {
      removed.frames += (await sql`DELETE FROM uplinks WHERE device_id = ${id}`).count;
    }
    await sql.begin(async (tx) => {
      await tx`DELETE FROM group_rooms WHERE group_id IN (SELECT id FROM groups WHERE organisation_id = ${demo.id})`;
      await tx`DELETE FROM groups WHERE organisation_id = ${demo.id}`;
      await tx`DELETE FROM assignments WHERE organisation_id = ${demo.id}`;
      await tx`UPDATE places SET parent_id = NULL WHERE organisation_id = ${demo.id}`;
      await tx`DELETE FROM organisations WHERE id = ${demo.id}`;
      await insertAudit(tx, SYSTEM, {
        organisationId: null,
        action: 'delete',
        entity: 'organisation',
        entityId: demo.id,
        before: { name: demo.name, kind: 'demo' },
      });
    });
    output.line(
      `Removed ${demo.name}: ${removed.frames.toLocaleString('en')} frames and ${removed.readings.toLocaleString('en')} readings.`,
    );
    const [rest] = await sql<
      { n: number }[]
    >`SELECT count(*)::int AS n FROM organisations WHERE kind <> 'system'`;
    if (runtime.database.kind === 'embedded' && rest?.n === 0) {
      output.line(
        `The data folder ${runtime.config.dataDir} holds nothing else: delete it to free its space.`,
      );
    }
    return 0;
  },
} as const;
