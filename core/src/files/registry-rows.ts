/**
 * Places, devices and groups as lines of a CSV file: one table of columns per kind (docs/files.md is tested
 * against it), and from a line to typed fields or what is wrong with it. Knows nothing of what is stored.
 */
import { readCsvText } from './csv-cell.ts';

export const REGISTRY_KINDS = ['places', 'devices', 'groups'] as const;
export type RegistryKind = (typeof REGISTRY_KINDS)[number];

interface Column {
  readonly meaning: string;
  readonly example: string;
  readonly required?: true;
  /** Other names that are understood, in any language of the interface. */
  readonly aliases: readonly string[];
  readonly read: (text: string) => CellValue | Fault;
}

export type CellValue = string | number | readonly string[];
interface Fault {
  readonly fault: string;
}

export interface RegistryFault {
  readonly column: string | null;
  readonly value: string;
  readonly code: 'missing' | 'not-valid' | 'columns' | 'twice' | 'unknown' | 'not-possible' | 'quotes';
  readonly reason: string;
}

/** Fields of one line by column name; an empty cell is absent: it changes nothing. */
export type RegistryFields = Readonly<Record<string, CellValue>>;

const text = (most: number) => (value: string) =>
  value.length <= most ? value : { fault: `is longer than ${most} characters` };

const word = (list: readonly string[]) => (value: string) =>
  list.includes(value.toLowerCase()) ? value.toLowerCase() : { fault: `is not one of: ${list.join(', ')}` };

const number =
  (min: number, max: number, whole = false) =>
  (value: string) => {
    // Both 12.5 and 12,5: a registry file has no thousands.
    const n = /^-?\d+([.,]\d+)?$/.test(value) ? Number(value.replace(',', '.')) : Number.NaN;
    if (!Number.isFinite(n) || (whole && !Number.isInteger(n)))
      return { fault: `is not a ${whole ? 'whole ' : ''}number` };
    return n >= min && n <= max ? n : { fault: `is not between ${min} and ${max}` };
  };

const eui = (value: string) => {
  const bare = value.replace(/[-:\s]/g, '').toLowerCase();
  return /^[0-9a-f]{16}$/.test(bare) ? bare : { fault: 'is not a DevEUI: it has 16 hexadecimal digits' };
};

const instant = (value: string) =>
  /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(value)
    ? value
    : { fault: 'is not a date such as 2026-08-01, nor a date and time' };

const list = (value: string) =>
  value
    .split(/[;|]/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

export const REGISTRY_COLUMNS: Readonly<Record<RegistryKind, Readonly<Record<string, Column>>>> = {
  places: {
    reference: {
      meaning: 'Your own key of the place, never changed: under it a later import finds the place again.',
      example: 'SKOLE-1/2.14',
      required: true,
      aliases: ['external_ref', 'externalref', 'ref', 'id', 'reference_id', 'referens', 'referentie'],
      read: text(200),
    },
    name: {
      meaning: 'Name as people say it.',
      example: 'Room 2.14',
      required: true,
      aliases: ['navn', 'namn', 'naam'],
      read: text(200),
    },
    kind: {
      meaning: 'site, building, room or point.',
      example: 'room',
      required: true,
      aliases: ['type', 'art', 'slags', 'typ', 'soort'],
      read: word(['site', 'building', 'room', 'point']),
    },
    parent: {
      meaning: 'Reference of the place it stands in.',
      example: 'SKOLE-1',
      aliases: ['parent_reference', 'in', 'ligger_i', 'staat_in'],
      read: text(200),
    },
    description: {
      meaning: 'A sentence about it.',
      example: 'Second floor, to the south',
      aliases: ['beskrivelse', 'beskrivning', 'beschrijving'],
      read: text(2000),
    },
    room_use: {
      meaning: 'classroom, daycare, office, meeting, hall or other: it chooses the rule for the air.',
      example: 'classroom',
      aliases: ['use', 'anvendelse', 'användning', 'gebruik'],
      read: word(['classroom', 'daycare', 'office', 'meeting', 'hall', 'other']),
    },
    floor: {
      meaning: 'Floor.',
      example: '2',
      aliases: ['etage', 'våning', 'verdieping', 'storey'],
      read: text(20),
    },
    area_m2: {
      meaning: 'Floor area in square metres.',
      example: '58.5',
      aliases: ['area', 'areal', 'oppervlakte'],
      read: number(0.1, 1e6),
    },
    volume_m3: {
      meaning: 'Volume in cubic metres.',
      example: '170',
      aliases: ['volume', 'rumfang', 'volym'],
      read: number(0.1, 1e7),
    },
    ventilation: {
      meaning: 'unknown, none, natural, mechanical or co2-controlled.',
      example: 'mechanical',
      aliases: ['ventilatie'],
      read: word(['unknown', 'none', 'natural', 'mechanical', 'co2-controlled']),
    },
    ventilation_m3_h: {
      meaning: 'Fresh air in cubic metres per hour.',
      example: '600',
      aliases: ['ventilation_m3h'],
      read: number(0, 1e6),
    },
    power: {
      meaning: 'Power at hand: mains, poe or none.',
      example: 'mains',
      aliases: ['strøm', 'ström', 'stroom'],
      read: word(['mains', 'none', 'poe']),
    },
    latitude: {
      meaning: 'WGS 84, degrees north; with longitude.',
      example: '55.4',
      aliases: ['lat', 'breddegrad', 'breddgrad', 'breedtegraad'],
      read: number(-90, 90),
    },
    longitude: {
      meaning: 'WGS 84, degrees east; with latitude.',
      example: '10.38',
      aliases: ['lon', 'lng', 'længdegrad', 'longitud', 'lengtegraad'],
      read: number(-180, 180),
    },
  },
  devices: {
    dev_eui: {
      meaning: 'DevEUI, 16 hexadecimal digits in any common spelling: the key.',
      example: 'A8-17-58-FF-FE-00-00-01',
      required: true,
      aliases: ['deveui', 'eui', 'device_eui'],
      read: eui,
    },
    name: {
      meaning: 'Name as people say it.',
      example: 'Sensor 2.14',
      aliases: ['navn', 'namn', 'naam'],
      read: text(200),
    },
    codec: {
      meaning: 'Key of the codec; with place: the device is claimed.',
      example: 'elsys/ers-co2',
      aliases: ['model', 'modell'],
      read: text(200),
    },
    place: {
      meaning: 'Reference of the place it is mounted in; with codec.',
      example: 'SKOLE-1/2.14',
      aliases: ['sted', 'plats', 'plaats', 'place_reference'],
      read: text(200),
    },
    from: {
      meaning: 'Mounted there since; absent: since its first frame, for a move: since now.',
      example: '2026-08-01',
      aliases: ['mounted', 'fra', 'från', 'vanaf', 'since'],
      read: instant,
    },
    serial: {
      meaning: 'Serial number.',
      example: 'E-00421',
      aliases: ['serial_number', 'serienummer'],
      read: text(100),
    },
    power_source: {
      meaning: 'battery, mains, solar or poe.',
      example: 'battery',
      aliases: ['power', 'strømforsyning'],
      read: word(['battery', 'mains', 'solar', 'poe']),
    },
    notes: {
      meaning: 'Where exactly it hangs. Never a person’s name.',
      example: 'Above the door',
      aliases: ['noter', 'notes', 'anteckningar', 'notities'],
      read: text(4000),
    },
    expected_interval_s: {
      meaning: 'Seconds between two frames.',
      example: '600',
      aliases: ['interval_s', 'interval'],
      read: number(1, 31 * 86_400, true),
    },
  },
  groups: {
    name: {
      meaning: 'Name in that school year.',
      example: '7.B',
      required: true,
      aliases: ['class', 'klasse', 'klass', 'klas', 'navn', 'namn', 'naam', 'group'],
      read: text(200),
    },
    school_year: {
      meaning: 'The year it begins in: 2026 is August 2026 to July 2027.',
      example: '2026',
      required: true,
      aliases: ['year', 'skoleår', 'skolår', 'läsår', 'schooljaar'],
      read: number(1900, 2200, true),
    },
    site: {
      meaning: 'Reference of the site (the school).',
      example: 'SKOLE-1',
      required: true,
      aliases: ['school', 'skole', 'skola'],
      read: text(200),
    },
    people: {
      meaning: 'How many pupils.',
      example: '24',
      aliases: ['pupils', 'elever', 'leerlingen', 'antal'],
      read: number(0, 10_000, true),
    },
    previous_name: {
      meaning: 'Its name in the school year before, so that the group keeps its identity.',
      example: '6.B',
      aliases: ['previous', 'was'],
      read: text(200),
    },
    rooms: {
      meaning: 'References of its rooms, separated by semicolon or |.',
      example: 'SKOLE-1/2.14',
      aliases: ['room', 'lokale', 'lokaler', 'sal', 'rum', 'lokaal'],
      read: list,
    },
    from: {
      meaning: 'In these rooms since; absent: 1 August of the school year.',
      example: '2026-08-10',
      aliases: ['fra', 'från', 'vanaf'],
      read: instant,
    },
    until: {
      meaning: 'In these rooms until (exclusive); absent: open.',
      example: '2027-06-26',
      aliases: ['til', 'till', 'tot'],
      read: instant,
    },
  },
};

export interface RegistryReader {
  /** Names of the file's columns that mean nothing here. */
  readonly ignored: readonly string[];
  /** Column of the file -> column of the table. */
  readonly columns: readonly (string | null)[];
  /** Required columns that the file lacks: then no line can be read. */
  readonly missing: readonly string[];
  read(cells: readonly string[]): {
    readonly fields: RegistryFields;
    readonly faults: readonly RegistryFault[];
  };
}

function toColumnName(kind: RegistryKind, header: string): string | null {
  const name = header
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');
  const table = REGISTRY_COLUMNS[kind];
  if (Object.hasOwn(table, name)) return name;
  return Object.keys(table).find((key) => table[key]?.aliases.includes(name)) ?? null;
}

export function createRegistryReader(kind: RegistryKind, header: readonly string[]): RegistryReader {
  const table = REGISTRY_COLUMNS[kind];
  const taken = new Set<string>();
  const columns = header.map((one) => {
    const name = toColumnName(kind, one);
    if (name === null || taken.has(name)) return null;
    taken.add(name);
    return name;
  });
  const missing = Object.keys(table).filter((name) => table[name]?.required && !taken.has(name));
  return {
    columns,
    missing,
    ignored: header.filter((_, i) => columns[i] === null),
    read(cells) {
      if (cells.length !== header.length) {
        const reason = `The line has ${cells.length} columns, the first line has ${header.length}.`;
        return { fields: {}, faults: [{ column: null, value: '', code: 'columns', reason }] };
      }
      const fields: Record<string, CellValue> = {};
      const faults: RegistryFault[] = [];
      columns.forEach((name, i) => {
        const column = name === null ? undefined : table[name];
        if (name === null || column === undefined) return;
        const cell = readCsvText((cells[i] ?? '').trim());
        if (cell === '') {
          if (column.required)
            faults.push({ column: name, value: '', code: 'missing', reason: `${name} is empty.` });
          return;
        }
        const value = column.read(cell);
        if (typeof value === 'object' && 'fault' in value)
          faults.push({
            column: name,
            value: cell.slice(0, 80),
            code: 'not-valid',
            reason: `"${cell.slice(0, 40)}" ${value.fault}.`,
          });
        else fields[name] = value;
      });
      if ((fields.latitude === undefined) !== (fields.longitude === undefined) && kind === 'places')
        faults.push({
          column: 'latitude',
          value: '',
          code: 'missing',
          reason: 'latitude and longitude come together.',
        });
      return { fields, faults };
    },
  };
}
