/** Devices out of a file: found again by DevEUI. A line with codec and place claims; another place moves, never rewrites history. */
import { findCodecs } from './codec-store.ts';
import {
  claimDevice,
  type Device,
  findDevices,
  getDevice,
  moveDevice,
  setDeviceCodec,
  updateDevice,
} from './device-store.ts';
import {
  type Change,
  type FaultyLine,
  getNumber,
  getText,
  NOTHING_PENDING,
  type Plan,
  type PlanContext,
  type PlannedLine,
  type RegistryLine,
  toChanges,
  toDistinctLines,
  toFault,
  toMoment,
} from './import-plan.ts';
import { insertHeardDevices } from './ingest-store.ts';

interface Given {
  readonly devEui: string;
  readonly codecKey: string | undefined;
  readonly placeId: number | undefined;
  readonly from: string | undefined;
  readonly fields: Readonly<Record<string, string | number>>;
}

export async function planDevices(context: PlanContext, all: readonly RegistryLine[]): Promise<Plan> {
  const { sql, actor, organisationId } = context;
  const distinct = toDistinctLines(all, (line) => getText(line.fields, 'dev_eui') ?? '', 'dev_eui');
  const faulty: FaultyLine[] = [...distinct.faulty];
  const lines: PlannedLine[] = [];
  const codecs = new Set((await findCodecs(sql, actor, organisationId)).map((codec) => codec.key));
  const devices = new Map((await findDevices(sql, actor, { organisationId })).map((d) => [d.devEui, d]));
  for (const line of distinct.lines) {
    const given = toGiven(context, codecs, line);
    if ('code' in given) {
      faulty.push({ line: line.line, fault: given });
      continue;
    }
    const there = devices.get(given.devEui);
    const planned =
      there === undefined || there.state === 'waiting'
        ? planClaim(context, line.line, given, there)
        : planChange(context, line.line, given, there);
    if ('code' in planned) faulty.push({ line: line.line, fault: planned });
    else lines.push(planned);
  }
  return { lines, faulty };
}

function toGiven(context: PlanContext, codecs: ReadonlySet<string>, line: RegistryLine) {
  const { fields } = line;
  const codecKey = getText(fields, 'codec');
  if (codecKey !== undefined && !codecs.has(codecKey))
    return toFault('unknown', 'codec', codecKey, `There is no codec "${codecKey.slice(0, 60)}".`);
  const placeText = getText(fields, 'place');
  const place = placeText === undefined ? undefined : context.findPlace(placeText);
  if (placeText !== undefined && place === undefined)
    return toFault('unknown', 'place', placeText, `There is no place "${placeText.slice(0, 60)}".`);
  const fromText = getText(fields, 'from');
  const from = fromText === undefined ? undefined : toMoment(fromText, context.timeZone);
  if (fromText !== undefined && from === undefined)
    return toFault('not-valid', 'from', fromText, `"${fromText}" is not a moment in ${context.timeZone}.`);
  const own = {
    name: getText(fields, 'name'),
    serial: getText(fields, 'serial'),
    powerSource: getText(fields, 'power_source'),
    notes: getText(fields, 'notes'),
    expectedIntervalS: getNumber(fields, 'expected_interval_s'),
  };
  const given: Given = {
    devEui: getText(fields, 'dev_eui') ?? '',
    codecKey,
    placeId: place?.id,
    from,
    fields: Object.fromEntries(
      Object.entries(own).filter((entry) => entry[1] !== undefined),
    ) as Given['fields'],
  };
  return given;
}

function planClaim(context: PlanContext, line: number, given: Given, there: Device | undefined) {
  const { organisationId, actor, now } = context;
  const { devEui, codecKey, placeId, from } = given;
  if ((codecKey === undefined) !== (placeId === undefined))
    return toFault(
      'missing',
      codecKey === undefined ? 'codec' : 'place',
      '',
      'A device is claimed with both codec and place; leave both empty to let it wait.',
    );
  const planned = { line, key: devEui, action: 'new', changes: [] as readonly Change[] } as const;
  if (codecKey === undefined || placeId === undefined) {
    if (there !== undefined) return { ...planned, action: 'same' } as const;
    return {
      ...planned,
      run: async (tx) => {
        const name = given.fields.name;
        await insertHeardDevices(tx, organisationId, [
          { devEui, sourceId: null, ...(typeof name === 'string' ? { name } : {}) },
        ]);
        return NOTHING_PENDING;
      },
    } satisfies PlannedLine;
  }
  return {
    ...planned,
    run: async (tx) => {
      const { name, serial, ...rest } = given.fields;
      const { device, pending } = await claimDevice(tx, actor, {
        organisationId,
        devEui,
        codecKey,
        placeId,
        now,
        ...(from === undefined ? {} : { from }),
        ...(name === undefined ? {} : { name: String(name) }),
        ...(serial === undefined ? {} : { serial: String(serial) }),
      });
      if (Object.keys(rest).length > 0) await updateDevice(tx, actor, device.id, device.version, rest);
      return { pending };
    },
  } satisfies PlannedLine;
}

function planChange(context: PlanContext, line: number, given: Given, there: Device): PlannedLine {
  const { actor, now } = context;
  const { codecKey, placeId } = given;
  const changes: Change[] = [...toChanges(there as unknown as Record<string, unknown>, given.fields)];
  const edits = changes.length > 0;
  const recodes = codecKey !== undefined && codecKey !== there.codec?.key;
  const moves = placeId !== undefined && placeId !== there.place?.id;
  if (recodes) changes.push({ field: 'codec', before: there.codec?.key ?? null, after: codecKey });
  if (moves) {
    const after = context.places.find((place) => place.id === placeId)?.name ?? null;
    changes.push({ field: 'place', before: there.place?.name ?? null, after });
  }
  if (changes.length === 0) return { line, key: there.devEui, action: 'same', changes };
  return {
    line,
    key: there.devEui,
    action: 'changed',
    changes,
    run: async (tx) => {
      if (edits) await updateDevice(tx, actor, there.id, there.version, given.fields);
      if (recodes) {
        const { version } = await getDevice(tx, actor, there.id);
        await setDeviceCodec(tx, actor, there.id, version, codecKey);
      }
      if (!moves) return NOTHING_PENDING;
      const { version } = await getDevice(tx, actor, there.id);
      return moveDevice(tx, actor, { deviceId: there.id, version, placeId, from: given.from ?? now });
    },
  };
}
