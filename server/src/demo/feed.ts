/**
 * The demo town as an organisation: registered through the same stores, fed as frames through the same pipeline
 * as everybody's. First the last 24 hours, then live, with older weeks in the background.
 */
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import type { Batcher } from '../ingest/port.ts';
import { ensureSource } from '../ingest/source-store.ts';
import { claimDevice } from '../registry/device-store.ts';
import { createGroup } from '../registry/group-store.ts';
import { createOrganisation } from '../registry/organisation-store.ts';
import { insertPlace, type NewPlace, refreshLocations } from '../registry/place-store.ts';
import { type DemoTown, demoTown } from './port.ts';

export interface DemoDeps {
  readonly sql: Sql;
  readonly batcher: Batcher;
  readonly log: Log;
  readonly now: () => number;
  readonly progress: (text: string) => void;
  /** So much of the past is fed in the background. */
  readonly historyDays?: number;
}

export interface Demo {
  readonly organisationId: number;
  /** Resolves when the last 24 hours are there. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const HISTORY_DAYS = 56;
const DAY_MS = 86_400_000;
const BATCH = 500;
/** A frame is fed when its time has come; this often the clock is looked at. */
const LIVE_MS = 2000;

interface Checkpoint {
  /** Everything from here ... */
  readonly from: string;
  /** ... to here is fed. */
  readonly until: string;
}

/** The demo's organisation; made where it is not there yet. @returns its id and when it was first started */
async function ensureTown(deps: DemoDeps): Promise<{ organisationId: number; startedAt: string }> {
  const [there] = await deps.sql<
    { id: number; created_at: string }[]
  >`SELECT id, created_at FROM organisations WHERE kind = 'demo' LIMIT 1`;
  if (there) return { organisationId: there.id, startedAt: there.created_at };
  const startedAt = new Date(deps.now()).toISOString();
  const town = demoTown({ startedAt });
  deps.progress(
    `Setting up ${town.organisation.name}: ${town.places.length} places, ${town.devices.length} devices`,
  );
  const organisationId = await deps.sql.begin(async (tx) => {
    const organisation = await createOrganisation(tx, SYSTEM, {
      slug: town.organisation.slug,
      name: town.organisation.name,
      country: town.organisation.country,
      timeZone: town.organisation.timeZone,
      locale: town.organisation.locale as 'da',
      kind: 'demo',
      ground: town.ground,
    });
    await tx`UPDATE organisations SET created_at = ${startedAt} WHERE id = ${organisation.id}`;
    const roles = new Map<string, number>();
    for (const role of town.roles) {
      const [row] = await tx<{ id: number }[]>`
        INSERT INTO contact_roles (organisation_id, name, mailbox) VALUES (${organisation.id}, ${role.name}, ${role.mailbox ?? null}) RETURNING id`;
      if (row) roles.set(role.ref, row.id);
    }
    const places = await insertPlaces(tx, organisation.id, town);
    await refreshLocations(tx, organisation.id);
    for (const group of town.groups) {
      const siteId = places.get(group.siteRef);
      if (siteId === undefined) continue;
      await createGroup(tx, SYSTEM, organisation.id, {
        siteId,
        years: group.years,
        rooms: group.rooms.map((room) => ({
          placeId: places.get(room.placeRef) ?? siteId,
          from: room.from,
          until: room.until,
        })),
      });
    }
    for (const device of town.devices) {
      const placeId = device.placeRef === undefined ? undefined : places.get(device.placeRef);
      if (placeId === undefined) continue;
      const claimed = await claimDevice(tx, SYSTEM, {
        organisationId: organisation.id,
        devEui: device.devEui,
        codecKey: device.modelKey,
        placeId,
        name: device.name,
        serial: device.serial,
        from: device.mountedFrom,
        now: startedAt,
      });
      const roleRef = town.places.find((p) => p.ref === device.placeRef)?.roleRef;
      await tx`
        UPDATE devices SET expected_interval_s = ${device.expectedIntervalS}, power_source = ${device.powerSource},
          responsible_role_id = ${roleRef === undefined ? null : (roles.get(roleRef) ?? null)}
        WHERE id = ${claimed.device.id}`;
    }
    for (const gateway of town.gateways) {
      await tx`
        INSERT INTO gateways (organisation_id, gateway_id, name, latitude, longitude, first_seen, last_seen)
        VALUES (${organisation.id}, ${gateway.gatewayId}, ${gateway.name}, ${gateway.latitude}, ${gateway.longitude}, ${startedAt}, ${startedAt})`;
    }
    await tx`INSERT INTO jobs (organisation_id, kind, state) VALUES (${organisation.id}, 'demo-feed', 'running')`;
    return organisation.id;
  });
  return { organisationId, startedAt };
}

async function insertPlaces(
  tx: Parameters<typeof insertPlace>[0],
  organisationId: number,
  town: DemoTown,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const place of town.places) {
    const input: NewPlace = {
      name: place.name,
      kind: place.kind,
      description: place.description,
      externalRef: place.ref,
      ventilation: place.ventilation,
      parentId: place.parentRef === undefined ? null : (ids.get(place.parentRef) ?? null),
      ...(place.roomUse === undefined ? {} : { roomUse: place.roomUse as 'classroom' }),
      ...(place.floor === undefined ? {} : { floor: place.floor }),
      ...(place.areaM2 === undefined ? {} : { areaM2: place.areaM2 }),
      ...(place.volumeM3 === undefined ? {} : { volumeM3: place.volumeM3 }),
      ...(place.ventilationM3PerHour === undefined ? {} : { ventilationM3H: place.ventilationM3PerHour }),
      ...(place.position === undefined
        ? {}
        : { position: [place.position.longitude, place.position.latitude] as const }),
    };
    ids.set(place.ref, await insertPlace(tx, SYSTEM, organisationId, input));
  }
  return ids;
}

export async function startDemo(deps: DemoDeps): Promise<Demo> {
  const { organisationId, startedAt } = await ensureTown(deps);
  const town = demoTown({ startedAt });
  const source = await ensureSource(deps.sql, {
    organisationId,
    name: 'Demo town',
    kind: 'demo',
    format: 'torv',
  });
  let closed = false;
  const [job] = await deps.sql<{ checkpoint: Checkpoint | null }[]>`
    SELECT checkpoint FROM jobs WHERE organisation_id = ${organisationId} AND kind = 'demo-feed' ORDER BY id LIMIT 1`;
  const nowMs = deps.now();
  let fed: Checkpoint = job?.checkpoint ?? {
    from: new Date(nowMs).toISOString(),
    until: new Date(nowMs).toISOString(),
  };

  async function remember(checkpoint: Checkpoint, progress: number): Promise<void> {
    fed = checkpoint;
    await deps.sql`
      UPDATE jobs SET checkpoint = ${JSON.stringify(checkpoint)}::text::jsonb, progress = ${progress}, message = ${`Fed since ${checkpoint.from}`}
      WHERE organisation_id = ${organisationId} AND kind = 'demo-feed'`;
  }

  /** Every frame twice fed is a copy: stopping anywhere loses and doubles nothing. */
  async function feed(from: string, until: string, told?: (share: number) => void): Promise<void> {
    let batch: Parameters<Batcher['accept']>[0][number][] = [];
    const flush = async () => {
      await deps.batcher.accept(batch);
      const last = batch.at(-1);
      if (last && told)
        told(
          (Date.parse(last.uplink.networkTime) - Date.parse(from)) / (Date.parse(until) - Date.parse(from)),
        );
      batch = [];
    };
    for (const uplink of town.framesBetween(from, until)) {
      if (closed) return;
      batch.push({ organisationId, sourceId: source.id, uplink, arrivedAt: uplink.networkTime });
      if (batch.length >= BATCH) await flush();
    }
    if (batch.length > 0 && !closed) await flush();
  }

  async function feedLastDay(): Promise<void> {
    const until = new Date(deps.now()).toISOString();
    const from = new Date(
      Math.max(Math.min(Date.parse(fed.until), deps.now()), deps.now() - DAY_MS),
    ).toISOString();
    const isNew = fed.from === fed.until;
    const start = isNew ? new Date(deps.now() - DAY_MS).toISOString() : from;
    let tenth = -1;
    await feed(start, until, (share) => {
      if (Math.floor(share * 4) > tenth) {
        tenth = Math.floor(share * 4);
        deps.progress(`Feeding the last 24 hours: ${Math.round(share * 100)} %`);
      }
    });
    // A stop of more than a day leaves a gap; it is filled with the history.
    const gap = !isNew && Date.parse(start) > Date.parse(fed.until);
    await remember({ from: isNew || gap ? start : fed.from, until }, 0);
  }

  async function feedHistory(): Promise<void> {
    const oldest = Math.max(
      Date.parse(startedAt) - (deps.historyDays ?? HISTORY_DAYS) * DAY_MS,
      Date.parse(town.mountedFrom),
    );
    while (!closed && Date.parse(fed.from) > oldest) {
      const from = new Date(Math.max(Date.parse(fed.from) - DAY_MS, oldest)).toISOString();
      await feed(from, fed.from);
      if (closed) return;
      await remember({ from, until: fed.until }, (deps.now() - Date.parse(from)) / (deps.now() - oldest));
    }
    if (!closed) deps.log.info({ from: fed.from }, 'The demo town has its history');
  }

  const live = { timer: undefined as NodeJS.Timeout | undefined, busy: Promise.resolve() };
  function goLive(): void {
    live.timer = setInterval(() => {
      live.busy = live.busy
        .then(async () => {
          if (closed) return;
          const until = new Date(deps.now()).toISOString();
          if (Date.parse(until) <= Date.parse(fed.until)) return;
          const since = fed.until;
          await feed(since, until);
          // The history's checkpoint may have moved meanwhile: only the end is ours.
          await remember({ from: fed.from, until }, 0.5);
        })
        .catch((error: unknown) =>
          deps.log.warn({ err: error }, 'The demo town could not be fed; it goes on'),
        );
    }, LIVE_MS);
  }

  const ready = feedLastDay();
  const history = ready
    .then(() => {
      if (closed) return;
      goLive();
      return feedHistory();
    })
    .catch((error: unknown) => deps.log.warn({ err: error }, 'The demo history stopped'));
  return {
    organisationId,
    ready,
    async close() {
      closed = true;
      clearInterval(live.timer);
      await live.busy;
      await history;
    },
  };
}
