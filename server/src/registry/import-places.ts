/** Places out of a file: found again by their reference, parents before children, whatever their order in the file. */
import type { RegistryFields } from '@torv/core/files/registry-rows';
import {
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
} from './import-plan.ts';
import { canStandIn, insertPlace, type Place, type PlaceFields, updatePlace } from './place-store.ts';

type Given = Partial<Omit<PlaceFields, 'parentId'>> & Pick<PlaceFields, 'name' | 'kind'>;

function toGiven(fields: RegistryFields): Given {
  const pick = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value });
  const longitude = getNumber(fields, 'longitude');
  const latitude = getNumber(fields, 'latitude');
  return {
    name: getText(fields, 'name') ?? '',
    kind: getText(fields, 'kind') as PlaceFields['kind'],
    ...pick('externalRef', getText(fields, 'reference')),
    ...pick('description', getText(fields, 'description')),
    ...pick('roomUse', getText(fields, 'room_use')),
    ...pick('floor', getText(fields, 'floor')),
    ...pick('areaM2', getNumber(fields, 'area_m2')),
    ...pick('volumeM3', getNumber(fields, 'volume_m3')),
    ...pick('ventilation', getText(fields, 'ventilation')),
    ...pick('ventilationM3H', getNumber(fields, 'ventilation_m3_h')),
    ...pick('power', getText(fields, 'power')),
    ...(longitude === undefined || latitude === undefined
      ? {}
      : { position: [longitude, latitude] as const }),
  };
}

export async function planPlaces(context: PlanContext, all: readonly RegistryLine[]): Promise<Plan> {
  const distinct = toDistinctLines(all, (line) => getText(line.fields, 'reference') ?? '', 'reference');
  const faulty: FaultyLine[] = [...distinct.faulty];
  const existing = new Map(
    context.places.filter((p) => p.externalRef !== null).map((p) => [p.externalRef as string, p]),
  );
  const inFile = new Map(distinct.lines.map((line) => [getText(line.fields, 'reference') ?? '', line]));
  /** Places made by this run: reference -> number. */
  const made = new Map<string, number>();
  const settled = new Map<string, PlannedLine | 'bad'>();
  const order: PlannedLine[] = [];

  function toParentKind(parent: string): PlaceFields['kind'] | undefined {
    const line = inFile.get(parent);
    if (line !== undefined) return getText(line.fields, 'kind') as PlaceFields['kind'];
    return (existing.get(parent) ?? context.findPlace(parent))?.kind;
  }

  function refuse(
    reference: string,
    line: RegistryLine,
    column: string,
    value: string,
    reason: string,
  ): 'bad' {
    faulty.push({
      line: line.line,
      fault: toFault(column === 'parent' ? 'unknown' : 'not-possible', column, value, reason),
    });
    settled.set(reference, 'bad');
    return 'bad';
  }

  function settle(reference: string, line: RegistryLine, above: ReadonlySet<string>): PlannedLine | 'bad' {
    const done = settled.get(reference);
    if (done !== undefined) return done;
    const parent = getText(line.fields, 'parent');
    const there = existing.get(reference);
    const kind = getText(line.fields, 'kind') as PlaceFields['kind'];
    if (parent !== undefined) {
      if (parent === reference || above.has(parent))
        return refuse(reference, line, 'parent', parent, `${reference} would stand inside itself.`);
      const parentLine = inFile.get(parent);
      if (parentLine !== undefined && settle(parent, parentLine, new Set([...above, reference])) === 'bad')
        return refuse(
          reference,
          line,
          'parent',
          parent,
          `The line of "${parent.slice(0, 60)}" is bad itself.`,
        );
    }
    const parentKind =
      parent === undefined
        ? there === undefined
          ? null
          : (context.places.find((p) => p.id === there.parentId)?.kind ?? null)
        : toParentKind(parent);
    if (parentKind === undefined)
      return refuse(
        reference,
        line,
        'parent',
        parent ?? '',
        `There is no place "${(parent ?? '').slice(0, 60)}".`,
      );
    if (!canStandIn(kind, parentKind))
      return refuse(
        reference,
        line,
        'kind',
        kind,
        `A ${kind} cannot stand ${parentKind === null ? 'alone' : `in a ${parentKind}`}.`,
      );
    const planned = toPlanned(line, reference, parent, there);
    settled.set(reference, planned);
    order.push(planned);
    return planned;
  }

  function toPlanned(
    line: RegistryLine,
    reference: string,
    parent: string | undefined,
    there: Place | undefined,
  ): PlannedLine {
    const given = toGiven(line.fields);
    const findParentId = () =>
      parent === undefined
        ? undefined
        : (made.get(parent) ?? existing.get(parent)?.id ?? context.findPlace(parent)?.id);
    if (there === undefined) {
      return {
        line: line.line,
        key: reference,
        action: 'new',
        changes: [],
        run: async (tx) => {
          const parentId = findParentId();
          const input = { ...given, ...(parentId === undefined ? {} : { parentId }) };
          made.set(reference, await insertPlace(tx, context.actor, context.organisationId, input));
          return NOTHING_PENDING;
        },
      };
    }
    const parentNow = context.places.find((p) => p.id === there.parentId);
    const moves = parent !== undefined && findParentId() !== there.parentId;
    const changes = [
      ...toChanges(there as unknown as Record<string, unknown>, given),
      ...(moves
        ? [{ field: 'parent', before: parentNow?.externalRef ?? parentNow?.name ?? null, after: parent }]
        : []),
    ];
    if (changes.length === 0) return { line: line.line, key: reference, action: 'same', changes };
    return {
      line: line.line,
      key: reference,
      action: 'changed',
      changes,
      run: async (tx) => {
        const parentId = moves ? findParentId() : undefined;
        const change = { ...given, ...(parentId === undefined ? {} : { parentId }) };
        await updatePlace(tx, context.actor, there.id, there.version, change);
        return NOTHING_PENDING;
      },
    };
  }

  for (const [reference, line] of inFile) settle(reference, line, new Set());
  return { lines: order, faulty };
}
