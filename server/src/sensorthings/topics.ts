/** SensorThings for the embedded broker: who publishes may write as over HTTP, and who subscribes is told as updates.ts does. */
import { V1_1 } from '@torv/core/sta/version';
import type { Actor } from '../access/port.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import { createOpenDoor } from './open-store.ts';
import { createPublisher, type Publication } from './publish.ts';
import type { Updates } from './updates.ts';
import type { Change } from './writer-store.ts';

export interface TopicsDeps {
  readonly database: Pick<Database, 'sql'>;
  readonly config: Pick<Config, 'staOpen'>;
  readonly updates: Updates;
  /** Told after the commit. */
  readonly announceChanges: (changes: readonly Change[]) => void;
}

export interface SensorThingsTopics extends Pick<Updates, 'check' | 'listen' | 'serve'> {
  publish(publication: Publication): Promise<void>;
}

export function createSensorThingsTopics({
  database,
  config,
  announceChanges,
  updates,
}: TopicsDeps): SensorThingsTopics {
  const { sql } = database;
  const toWriter = config.staOpen ? createOpenDoor(sql) : async (actor: Actor) => actor;
  const publish = createPublisher({
    sql,
    version: V1_1,
    announce: announceChanges,
  });
  return {
    check: updates.check,
    listen: updates.listen,
    serve: updates.serve,
    publish: async (publication) => publish({ ...publication, actor: await toWriter(publication.actor) }),
  };
}
