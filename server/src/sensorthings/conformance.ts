/**
 * The requirement classes that the landing page claims, each with the requirements that stand behind it. A class
 * is here only when test/conformance has a test for every one of them; claims.test.ts sees to it.
 */
const PREFIX = 'http://www.opengis.net/spec/iot_sensing/1.1/req';

const ENTITIES = [
  'thing',
  'location',
  'historical-location',
  'datastream',
  'sensor',
  'observed-property',
  'observation',
  'feature-of-interest',
];

/** class -> its requirements */
export const CLAIMS: Readonly<Record<string, readonly string[]>> = {
  datamodel: [
    'datamodel/entity-control-information/common-control-information',
    ...ENTITIES.flatMap((name) => [`datamodel/${name}/properties`, `datamodel/${name}/relations`]),
  ],
  'resource-path/resource-path-to-entities': ['resource-path/resource-path-to-entities'],
  'request-data': [
    'request-data/status-code',
    'request-data/query-status-code',
    'request-data/order',
    'request-data/expand',
    'request-data/select',
    'request-data/orderby',
    'request-data/skip',
    'request-data/top',
    'request-data/count',
    'request-data/filter',
    'request-data/built-in-filter-operations',
    'request-data/built-in-query-functions',
    'request-data/pagination',
  ],
  'create-update-delete': [
    'create-update-delete/create-entity',
    'create-update-delete/link-to-existing-entities',
    'create-update-delete/deep-insert',
    'create-update-delete/deep-insert-status-code',
    'create-update-delete/update-entity',
    'create-update-delete/update-entity-put',
    // for services that take JSON Patch; this one says that it does not
    'create-update-delete/update-entity-jsonpatch',
    'create-update-delete/delete-entity',
    'create-update-delete/historical-location-auto-creation',
    'create-update-delete/historical-location-manual-creation',
  ],
  'data-array/data-array': ['data-array/data-array'],
  'create-observations-via-mqtt/observations-creation': [
    'create-observations-via-mqtt/observations-creation',
  ],
  'receive-updates-via-mqtt/receive-updates': ['receive-updates-via-mqtt/receive-updates'],
};

export const CONFORMANCE: readonly string[] = Object.keys(CLAIMS).map((name) => `${PREFIX}/${name}`);

const MQTT_CLASSES = CONFORMANCE.filter((uri) => uri.includes('-via-mqtt/'));

/** Where the embedded broker listens. */
export interface MqttAddress {
  readonly port: number;
  readonly isTls: boolean;
}

/** Without a broker nothing is claimed about MQTT. */
export function toConformance(hasMqtt: boolean): readonly string[] {
  return hasMqtt ? CONFORMANCE : CONFORMANCE.filter((uri) => !MQTT_CLASSES.includes(uri));
}

/** Where clients connect for each MQTT class (18-088: the `endpoints` of its requirement). @param root the address by which the visitor came */
export function toMqttSettings(root: URL, mqtt: MqttAddress | undefined): Readonly<Record<string, unknown>> {
  if (mqtt === undefined) return {};
  const endpoints = [
    `${mqtt.isTls ? 'mqtts' : 'mqtt'}://${root.hostname}:${mqtt.port}`,
    `${root.protocol === 'https:' ? 'wss' : 'ws'}://${root.host}/mqtt`,
  ];
  return Object.fromEntries(MQTT_CLASSES.map((uri) => [uri, { endpoints }]));
}
