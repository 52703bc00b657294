/**
 * Why a message, a frame or a connection did not do what it should: the closed set of sentences that the server
 * stores, logs and answers in English, as one table. The pages read a stored sentence back with `readReasons` and
 * say it in the reader's language, so old rows are understood too and no row needs a second column.
 * What somebody else wrote (a codec, a broker) is never in this table and never translated.
 */

export const REASONS = {
  // a broker's own answers: MQTT 3.1.1, 3.2.2.3 and MQTT 5, 2.4
  mqtt_version: 'The broker does not speak this version of MQTT.',
  mqtt_client_id: 'The broker refused the client id.',
  mqtt_unavailable: 'The broker is not available right now.',
  mqtt_credentials: 'The broker refused the user name or the password.',
  mqtt_user: 'The broker does not let this user in.',
  mqtt_user_check: 'The broker does not let this user in: check the user name and the password.',
  mqtt_unspecified: 'The broker gave an unspecified error.',
  mqtt_unreadable: 'The broker could not read what was sent to it.',
  mqtt_protocol: 'The broker says that the protocol was not kept.',
  mqtt_implementation: 'The broker could not do this.',
  mqtt_not_permitted: 'The broker does not permit this to the user.',
  mqtt_busy: 'The broker is busy.',
  mqtt_banned: 'The broker has banned this client.',
  mqtt_stopping: 'The broker is shutting down.',
  mqtt_authentication: 'The broker wants another kind of authentication.',
  mqtt_keepalive: 'The broker heard nothing for too long.',
  mqtt_taken_over: 'Another client has connected with the same client id.',
  mqtt_filter: 'The broker refused the topic filter.',
  mqtt_topic: 'The broker refused the topic.',
  mqtt_packet_used: 'The broker says that a packet number is in use.',
  mqtt_in_flight: 'The broker says that too many messages were in flight.',
  mqtt_alias: 'The broker refused a topic alias.',
  mqtt_too_large: 'A packet was too large for the broker.',
  mqtt_too_fast: 'The broker says that messages came too fast.',
  mqtt_quota: 'A quota of the broker is used up.',
  mqtt_administrator: 'An administrator of the broker closed the connection.',
  mqtt_payload: 'The broker refused the form of the payload.',
  mqtt_retained: 'The broker keeps no retained messages.',
  mqtt_qos: 'The broker does not support this quality of service.',
  mqtt_elsewhere: 'The broker says: use another server for now.',
  mqtt_moved: 'The broker has moved to another server.',
  mqtt_no_shared: 'The broker has no shared subscriptions.',
  mqtt_rate: 'The broker limits how often a client may connect.',
  mqtt_longest: 'The broker ended the connection because its longest time was reached.',
  mqtt_no_identifiers: 'The broker has no subscription identifiers.',
  mqtt_no_wildcards: 'The broker has no subscriptions with wildcards.',
  mqtt_code: 'The broker answered with code {{n}}.',
  /** What an MQTT 5 broker adds in its own words. */
  mqtt_adds: 'It says: "{{words}}"',
  mqtt_closed: 'The broker closed the connection.',
  mqtt_closes_each: 'The broker closes each connection at once.',
  mqtt_no_packet_number: 'The broker sent a message without a packet number.',
  mqtt_no_suback: 'The broker did not answer the subscription.',
  mqtt_refused_topic: 'The broker does not let this user listen to "{{words}}".',
  mqtt_weak:
    'The broker delivers "{{words}}" without acknowledgement (QoS 0): a message can be lost on the way.',
  mqtt_unshared_old:
    'The connection speaks MQTT 3.1.1, which has no shared subscription: every listener gets every message.',
  mqtt_unshared: 'The broker has no shared subscriptions: every listener gets every message.',
  mqtt_old: 'The broker speaks MQTT 3.1.1 only.',
  mqtt_listens: 'The broker lets this user listen; no message came meanwhile.',
  mqtt_listens_heard: 'The broker lets this user listen; a message came on "{{words}}".',
  mqtt_not_kept: 'Messages could not be kept; the broker is asked for them again.',

  // the way to it
  net_nobody: 'Nothing listens at {{where}}.',
  net_no_host: 'There is no host of the name in {{where}}.',
  net_no_name: 'There is no host named {{where}}.',
  net_lookup: 'The name in {{where}} could not be looked up right now.',
  net_silent: '{{where}} does not answer.',
  net_unreachable: '{{where}} cannot be reached from here.',
  net_closed: '{{where}} closed the connection.',
  net_closed_early: '{{where}} closed the connection before it had answered.',
  net_tls: '{{where}} does not speak TLS there, or not a version of it that is accepted.',
  net_no_tls: "{{where}} does not speak TLS there: use mqtt:// or the broker's TLS port.",
  net_self_signed:
    'The certificate of {{where}} is self-signed: give its certificate as the certificate authority.',
  net_unknown_authority:
    "The certificate of {{where}} comes from an authority that is not known here: give that authority's certificate.",
  net_expired: 'The certificate of {{where}} has expired.',
  net_not_yet: 'The certificate of {{where}} is not valid yet.',
  net_other_name: 'The certificate of {{where}} is for another host name.',
  net_failed: 'The connection to {{where}} failed ({{words}}).',
  net_no_broker: '{{where}} does not answer as an MQTT broker.',
  net_not_mqtt: '{{where}} did not answer as an MQTT broker.',
  net_malformed: '{{where}} sent something that is not MQTT: {{words}}.',
  net_quiet: '{{where}} has been silent for {{n}} s.',
  net_private: '{{where}} is on this machine or a private network; Torv does not connect there by itself.',
  net_private_allow: 'If it is your own, start Torv with TORV_OUTBOUND_ALLOW={{where}}',

  // a message of a network server that cannot be used
  message_large: 'The message is larger than 256 kB.',
  message_no_json: 'The message is not JSON.',
  message_no_object: 'The message must be one JSON object.',
  message_other_server: 'This looks like a message of {{words}}, but the source is set to {{other}}.',
  field_must: '"{{field}}" must be {{wanted}}.',
  field_missing: '"{{field}}" is missing; it must be {{wanted}}.',
  field_text_base64: '"{{field}}" is not base64.',
  field_text_hex: '"{{field}}" is not hexadecimal with an even number of digits.',
  field_no_moment: '"{{field}}" is not a moment in time such as 2026-11-22T08:15:00Z.',
  field_long: '"{{field}}" holds more than {{n}} bytes, the most that LoRaWAN carries.',
  encrypted_tts:
    'The payload is still encrypted: The Things Stack was told not to decrypt it ("Skip payload encryption and decryption"). Switch that off for this device or application.',
  encrypted_loriot:
    'The payload is still encrypted: LORIOT does not hold the AppSKey of this device. Enter the key there.',
  encrypted_chirpstack:
    'The payload is still encrypted: ChirpStack does not hold the AppSKey of this device. Let its join server give the key to ChirpStack.',
  tts_no_dev_eui:
    'The device has no DevEUI in The Things Stack ("end_device_ids.dev_eui" is missing). Register one for it there.',
  torv_topic: '"devEui" names another device than the topic does.',
  torv_no_payload: '"payload" (hexadecimal) or "payloadBase64" is missing.',
  torv_two_payloads: 'Give "payload" or "payloadBase64", not both.',

  // what a field must be
  want_dev_eui: 'a DevEUI: 16 hexadecimal digits',
  want_dev_addr: 'a device address: 8 hexadecimal digits',
  want_whole: 'a whole number from 0 to {{n}}',
  want_moment: 'a moment in time such as 2026-11-22T08:15:00Z',
  want_epoch: 'milliseconds since 1970',
  want_base64: 'base64 text',
  want_hex: 'hexadecimal text',
  want_kind: 'of another kind',
  want_device: 'the object that names the device',
  want_uplink: 'the object that holds the uplink',
  want_loriot: 'the kind of message, "rx" or "gw"',
  want_text: 'text',
  want_text_128: 'text of at most 128 characters',
  want_text_values: 'an object whose values are texts',
  want_data_rate: 'text such as "SF7BW125"',
  want_mhz: 'a number in MHz such as 868.1',
  want_percent: 'per cent, a number from 0 to 100',
  want_dbm: 'a number (dBm)',
  want_db: 'a number (dB)',
  want_latitude: 'a number from -90 to 90 (degrees)',
  want_longitude: 'a number from -180 to 180 (degrees)',
  want_gateways: 'a list of at most 64 gateways',
  want_gateway: 'an object with an "id"',

  // a message that is right and holds no reading
  ignored_mac: 'MAC only: the frame carries no application payload.',
  ignored_test: 'A frame of the LoRaWAN test protocol (fPort 224).',
  ignored_event: 'A "{{field}}" event; only "up" events hold readings.',
  ignored_message: 'A "{{field}}" message; only "uplink_message" holds readings.',
  ignored_simulated: 'A simulated uplink: no device has sent it.',
  ignored_join: 'A "join" message; only uplinks hold readings.',
  ignored_loriot: 'A LORIOT message of another kind; only "rx" and "gw" hold readings.',

  // a frame that no codec could read
  codec_deadline: 'The codec did not finish within {{n}} ms.',
  codec_memory: 'The codec used more memory than one codec may have.',
  codec_output: "The codec's answer is larger than {{n}} kB or nested too deeply.",
  codec_crash: 'The codec broke its sandbox, which was thrown away.',
  codec_no_function:
    'The script has none of the functions decodeUplink(input), Decoder(bytes, port), Decode(port, bytes, variables) and decode(payload, metadata).',
  codec_no_data: 'The codec gave no data.',
  codec_nothing: 'The codec gave nothing.',
  codec_off: 'The codec is switched off: {{why}}',
  off_kills_deadline:
    'Switched off: its thread had to be ended {{n}} times, last because the codec did not finish in time.',
  off_kills_memory:
    'Switched off: its thread had to be ended {{n}} times, last because the codec used too much memory.',
  off_kills_output:
    'Switched off: its thread had to be ended {{n}} times, last because the codec gave an answer that is too large or nested too deeply.',
  off_kills_crash:
    'Switched off: its thread had to be ended {{n}} times, last because the codec broke its sandbox or called itself too deeply.',
  off_faults_deadline: 'Switched off after {{n}} faults: the codec did not finish in time.',
  off_faults_memory: 'Switched off after {{n}} faults: the codec used too much memory.',
  off_faults_output:
    'Switched off after {{n}} faults: the codec gave an answer that is too large or nested too deeply.',
  off_faults_crash:
    'Switched off after {{n}} faults: the codec broke its sandbox or called itself too deeply.',

  // a field of a decoded frame that is no reading; several stand in a row with a semicolon between
  map_not_number: '{{raw}} is not a number',
  map_not_boolean: '{{raw}} is neither 0 nor 1',
  map_channel: '{{pointer}} is not a channel from 0 to 255',
  map_time: 'its own time is missing, too old or in the future',
  map_field: '{{pointer}}: {{why}}',

  // how background work goes and ended
  job_days: '{{n}} of {{other}} days',
  job_stopped: 'Stopped on request.',
  job_silent: 'Given up after {{n}} tries that ended without a word.',
  job_tried: 'Tried {{n}} times: {{why}}',

  // a line of a file that cannot be taken in
  cell_columns: 'The line has {{n}} columns, the first line has {{m}}.',
  cell_json: 'The line is not a JSON object.',
  cell_empty: '{{name}} is empty.',
  cell_position: 'latitude and longitude come together.',
  cell_long: '"{{words}}" is longer than {{n}} characters.',
  cell_word: '"{{words}}" is not one of: {{list}}.',
  cell_number: '"{{words}}" is not a number.',
  cell_whole: '"{{words}}" is not a whole number.',
  cell_between: '"{{words}}" is not between {{low}} and {{high}}.',
  cell_eui: '"{{words}}" is not a DevEUI: it has 16 hexadecimal digits.',
  cell_date: '"{{words}}" is not a date such as 2026-08-01, nor a date and time.',
  cell_moment: '"{{words}}" is not a moment in {{where}}.',
  cell_after: '"{{words}}" is not a moment after {{other}}.',
  cell_twice: '"{{words}}" stands in line {{n}} already.',
  cell_no_codec: 'There is no codec "{{words}}".',
  cell_no_place: 'There is no place "{{words}}".',
  cell_no_site: 'There is no site "{{words}}".',
  cell_claim_both: 'A device is claimed with both codec and place; leave both empty to let it wait.',
  cell_no_group: 'There was no group "{{words}}" in {{n}}.',
  cell_group_named: '"{{words}}" has another name in {{n}} already.',
  cell_in_itself: '{{name}} would stand inside itself.',
  cell_parent_bad: 'The line of "{{words}}" is bad itself.',
  cell_no_date: 'No date is given for the day "{{words}}".',
  cell_place_unnamed: 'No place is named.',
  cell_no_property: '"{{words}}" is not a property of places that Torv knows.',
  cell_no_unit: '"{{words}}" is not a unit of {{name}}.',
  cell_channel: 'The channel is not a number from 0 to 255.',
  cell_boolean: '"{{words}}" is neither yes nor no.',
  cell_no_time: 'There is no time.',
  cell_time_form: '"{{words}}" is not a date and time of the form said.',
  cell_no_zone: '"{{words}}" has no offset, and no time zone is given.',
  cell_skipped: 'The clocks in {{where}} jumped over {{moment}}.',
  cell_time_range: 'The time lies outside the years 1900 to 2100.',
  cell_seconds: '"{{words}}" is not a number of seconds.',

  // a mapping of a codec's fields that cannot be used
  mapping_list: 'The mapping must be a list of fields.',
  mapping_row: 'A mapping row must be an object.',
  mapping_field: 'The field must be a JSON pointer such as /temperature.',
  mapping_property: '"{{words}}" is not a property that Torv knows.',
  mapping_unit: '"{{words}}" is not a unit that Torv knows.',
  mapping_convert: '{{unit}} does not convert to {{wanted_unit}}, the unit of {{name}}.',
  mapping_two_channels: 'Give either channel or channelField.',
  mapping_channel_field: 'The channel field must be a JSON pointer such as ./channel.',
  mapping_channel: 'The channel must be a whole number from 0 to 255.',
  mapping_factor: 'The factor must be a number other than 0.',
  mapping_absent: 'The values for "absent" must be a list of numbers or texts.',
  mapping_words: 'The words must stand for numbers, true or false.',
  mapping_time: 'The time needs a JSON pointer such as ./time.',
  mapping_time_form: 'The form of the time must be one of {{list}}.',
} as const;

export type ReasonKey = keyof typeof REASONS;

type Names<S> = S extends `${string}{{${infer N}}}${infer Rest}` ? N | Names<Rest> : never;
/** The keys whose sentence has no gap, and those with exactly these. */
export type PlainReason = {
  [K in ReasonKey]: [Names<(typeof REASONS)[K]>] extends [never] ? K : never;
}[ReasonKey];
export type ReasonWith<N extends string> = {
  [K in ReasonKey]: [Names<(typeof REASONS)[K]>, N] extends [N, Names<(typeof REASONS)[K]>] ? K : never;
}[ReasonKey];
type Values<K extends ReasonKey> = { readonly [N in Names<(typeof REASONS)[K]>]: string | number };

/** `sayReason('net_silent', { where: 'broker.example.org:8883' })` */
export function sayReason<K extends ReasonKey>(
  key: K,
  ...values: [Names<(typeof REASONS)[K]>] extends [never] ? [] : [Values<K>]
): string {
  const given: Readonly<Record<string, string | number>> = values[0] ?? {};
  return REASONS[key].replace(/\{\{(\w+)\}\}/g, (_all, name: string) => String(given[name] ?? ''));
}

/** What may stand in for a name, so that one sentence never swallows the next. */
const SHAPES: Readonly<Record<string, string>> = {
  n: '\\d+',
  m: '\\d+',
  low: '-?\\d+(?:\\.\\d+)?',
  high: '-?\\d+(?:\\.\\d+)?',
  // a column, a property, a reference of the organisation's own
  name: '[^\\s"]+(?: [^\\s"]+){0,3}?',
  unit: '[^\\s"]+',
  wanted_unit: '[^\\s",]+',
  moment: '[\\dT:. -]+',
  list: '[^"]+?',
  where: '[^\\s"]+',
  field: '[^"]*',
  words: '[^"]*?',
  other: '[^"]*?',
  // a phrase of the table, to the end of the sentence
  wanted: '[^]+?',
  raw: '"[^"]*"?|[-+.\\deE]+|true|false|[{[][^]*?',
  pointer: '\\.?/[^\\s:]*',
  // other reasons, to the end of the text
  why: '[^]+',
};

interface Reader {
  readonly key: ReasonKey;
  readonly pattern: RegExp;
}

function toPattern(template: string): RegExp {
  const parts = template.split(/\{\{(\w+)\}\}/);
  const source = parts.map((part, i) =>
    i % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : `(?<${part}>${SHAPES[part]})`,
  );
  return new RegExp(`^${source.join('')}(?:$|;?\\s+)`);
}

/** The longest first: one phrase may begin with another. */
const READERS: readonly Reader[] = (Object.keys(REASONS) as ReasonKey[])
  .sort((a, b) => REASONS[b].length - REASONS[a].length)
  .map((key) => ({ key, pattern: toPattern(REASONS[key]) }));

export type ReasonPart =
  | { readonly key: ReasonKey; readonly values: Readonly<Record<string, string>> }
  /** Not a sentence of the table: somebody else's words, or those of another version of Torv. */
  | { readonly text: string };

/** A stored reason, sentence by sentence; from the first unknown sentence on the text is left as it is. */
export function readReasons(text: string): readonly ReasonPart[] {
  const parts: ReasonPart[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const found = findReason(rest);
    if (found === undefined) return [...parts, { text: rest }];
    parts.push(found.part);
    rest = rest.slice(found.length);
  }
  return parts;
}

function findReason(text: string): { readonly part: ReasonPart; readonly length: number } | undefined {
  for (const { key, pattern } of READERS) {
    const match = pattern.exec(text);
    if (match) return { part: { key, values: { ...match.groups } }, length: match[0].length };
  }
  return undefined;
}
