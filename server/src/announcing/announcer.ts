/**
 * Who is told of what was stored and changed, after the commit: pages (live.ts) and MQTT subscribers (updates.ts) of
 * this process, and by the relay those of the other processes on the same PostgreSQL. On the embedded database there
 * are no others.
 */
import type { Change, Database } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import { findGrownDatastreams } from '../observations/latest-store.ts';
import type { Live } from '../observations/live.ts';
import { KEPT_OF_READINGS, type StoredReading } from '../observations/store.ts';
import type { Updates } from '../sensorthings/updates.ts';
import { openRelay, type RelayLimits, type RelayState } from './relay.ts';

export interface Announcer {
  readings(readings: readonly StoredReading[]): void;
  changes(changes: readonly Change[]): void;
  /** Somebody began or ceased to listen in this process. */
  wantedChanged(): void;
  readonly state: RelayState;
  close(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly database: Pick<Database, 'openNotices' | 'onChanges' | 'sql'>;
  readonly live: Live;
  readonly updates: Updates;
  readonly log: Log;
  readonly limits?: Partial<RelayLimits>;
}

const ALONE: RelayState = Object.freeze({ peers: 0, dropped: 0, lost: 0 });

export function openAnnouncer({ database, live, updates, log, limits }: AnnouncerOptions): Announcer {
  const relay = openRelay({
    database,
    log,
    ...(limits === undefined ? {} : { limits }),
    handlers: {
      toWanted: () => ({ live: live.isListenedTo, ...updates.wanted() }),
      onLive: live.tell,
      onChanges: updates.announce,
      onPeers: (areThere) => live.forwardTo(areThere ? (ids) => relay?.live(ids) : undefined),
      onGap: (gapMs) => void catchUp(gapMs),
    },
  });

  /** Pages read again what has grown meanwhile; of a Datastream's properties MQTT subscribers are told what they are now. */
  async function catchUp(gapMs: number): Promise<void> {
    try {
      const ids = await findGrownDatastreams(database.sql, gapMs);
      live.tell(new Set(ids));
      updates.announce(
        ids.map((id) => ({ kind: 'updated', entity: 'datastream', id, keys: KEPT_OF_READINGS })),
      );
    } catch (error) {
      log.warn({ err: error }, 'What other processes stored meanwhile could not be looked up');
    }
  }

  function changes(changed: readonly Change[]): void {
    live.announce(changed.flatMap(({ reading }) => reading ?? []));
    updates.announce(changed);
    relay?.changes(changed);
  }

  const stopListening = database.onChanges(changes);
  return {
    readings(readings) {
      live.announce(readings);
      updates.announceReadings(readings);
      relay?.readings(readings);
    },
    changes,
    wantedChanged: () => relay?.wantedChanged(),
    get state() {
      return relay?.state ?? ALONE;
    },
    async close() {
      stopListening();
      live.forwardTo(undefined);
      await relay?.close();
    },
  };
}
