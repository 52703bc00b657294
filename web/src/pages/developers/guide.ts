/**
 * The ten requests of docs/sensorthings.md as a table, filled in with a series that is really there. The test beside
 * it holds the table against the guide: whoever changes one changes the other. Pure.
 */

/** What the examples speak of; taken from the data the visitor may see. */
export interface Sample {
  readonly datastream: number;
  /** The name of its ObservedProperty. */
  readonly property: string;
  /** West, south, east, north around its place. */
  readonly box: readonly [number, number, number, number];
}

/** Where nothing can be seen yet the examples are as in the guide. */
export const GUIDE_SAMPLE: Sample = { datastream: 1, property: 'CO2', box: [9.7, 57.1, 9.9, 57.3] };

/** Half a degree of arc around a point, in round numbers. */
export function toBox(longitude: number, latitude: number): Sample['box'] {
  const round = (value: number) => Math.round(value * 10) / 10;
  return [round(longitude - 0.1), round(latitude - 0.1), round(longitude + 0.1), round(latitude + 0.1)];
}

function toPolygon([west, south, east, north]: Sample['box']): string {
  const corners = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return `POLYGON((${corners.map((corner) => corner.join(' ')).join(',')}))`;
}

/** As people read it: with blanks. */
type ToAddress = (sample: Sample) => string;

/** Requests that the page sends itself, in the order of the guide. */
export const READS = {
  root: () => '/',
  latest: ({ property }) =>
    `/Things?$filter=Datastreams/ObservedProperty/name eq '${property.replaceAll("'", "''")}'` +
    `&$expand=Locations,Datastreams($filter=ObservedProperty/name eq '${property.replaceAll("'", "''")}';` +
    '$expand=Observations($top=1;$orderby=phenomenonTime desc))',
  series: ({ datastream }) =>
    `/Datastreams(${datastream})/Observations?$orderby=phenomenonTime desc&$top=100`,
  week: ({ datastream }) =>
    `/Datastreams(${datastream})/Observations?$filter=phenomenonTime ge now() sub duration'P7D'`,
  select: ({ datastream }) =>
    `/Datastreams(${datastream})/Observations?$select=phenomenonTime,result&$top=1000`,
  rows: ({ datastream }) => `/Datastreams(${datastream})/Observations?$resultFormat=dataArray&$top=1000`,
  count: ({ datastream }) => `/Datastreams(${datastream})/Observations?$count=true&$top=0`,
  area: ({ box }) => `/Locations?$filter=st_within(location,geography'${toPolygon(box)}')`,
} as const satisfies Readonly<Record<string, ToAddress>>;

export type ReadKey = keyof typeof READS;
const READ_KEYS = Object.keys(READS) as readonly ReadKey[];

/** With the two that are commands to copy. */
export type RequestKey = ReadKey | 'write' | 'mqtt';
export const REQUEST_KEYS: readonly RequestKey[] = [...READ_KEYS, 'write', 'mqtt'];

export function isRead(key: RequestKey): key is ReadKey {
  return key !== 'write' && key !== 'mqtt';
}

// Commands ---------------------------------------------------------------------------------------------------

/** @param address as it is sent */
export function toCurl(root: string, address: string, needsKey: boolean): string {
  const key = needsKey ? ` -H 'Authorization: Bearer KEY'` : '';
  return `curl${key} '${root}${address === '/' ? '' : address}'`;
}

/** @param now RFC 3339, to the minute */
export function toWrites(root: string, { datastream }: Sample, now: string): readonly string[] {
  const head = `-H 'Authorization: Bearer KEY' -H 'Content-Type: application/json'`;
  return [
    [
      `curl -X POST '${root}/Datastreams(${datastream})/Observations' \\`,
      `  ${head} \\`,
      `  -d '{"phenomenonTime":"${now}","result":612}'`,
    ].join('\n'),
    [
      `curl -X POST '${root}/CreateObservations' \\`,
      `  ${head} \\`,
      `  -d '[{"Datastream":{"@iot.id":${datastream}},"components":["phenomenonTime","result"],`,
      `        "dataArray":[["${now}",640]]}]'`,
    ].join('\n'),
  ];
}

/** @param endpoint as the landing page names it, e.g. mqtts://torv.example.org:8883 */
export function toMqttCommands(endpoint: string, { datastream }: Sample): readonly string[] {
  const { protocol, hostname, port } = new URL(endpoint.replace(/^mqtt/, 'http'));
  const tls = protocol === 'https:' ? ' --tls-use-os-certs' : '';
  const at = `-h ${hostname} -p ${port || (tls === '' ? '80' : '443')}${tls}`;
  const topic = `-t 'v1.1/Datastreams(${datastream})/Observations'`;
  return [
    `mosquitto_sub ${at} ${topic}`,
    `mosquitto_pub ${at} -u torv -P KEY -q 1 ${topic} -m '{"result":612}'`,
  ];
}
