/**
 * What the archive of an organisation holds, as a table that a test compares with the database: every table is
 * either here or named as left out, every reference is known. Ids in an archive are numbers of its own, so that
 * the same organisation gives the same files wherever it lives. Secrets, accounts and keys never enter it.
 */

/** How a column finds its row again. */
export type Reference =
  /** a row of the archive, by its number */
  | string
  /** a frame or a reading: its id, counted from the archive's first */
  | { readonly offset: 'uplinks' | 'observations' }
  /** a list of numbers */
  | { readonly list: string };

export interface ArchiveTable {
  readonly name: string;
  /** SQL over alias t, `:org` is the organisation's id; absent: t.organisation_id = :org */
  readonly scope?: string;
  /** Has an id of its own that others refer to. */
  readonly numbered?: true;
  readonly refs: Readonly<Record<string, Reference>>;
  /** Neither exported nor imported. */
  readonly omit?: readonly string[];
  /** Written at import whatever the archive says. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** References to rows of the same table that may come later in the file. */
  readonly later?: readonly string[];
  readonly order: string;
}

const OF_THING = 't.thing_id IN (SELECT id FROM things WHERE organisation_id = :org)';
const OF_DEVICE = 't.device_id IN (SELECT id FROM devices WHERE organisation_id = :org)';
const OF_STREAM = 't.datastream_id IN (SELECT id FROM datastreams WHERE organisation_id = :org)';
const OF_GROUP = 't.group_id IN (SELECT id FROM groups WHERE organisation_id = :org)';

/** In the order in which they can be written. */
export const ARCHIVE_TABLES: readonly ArchiveTable[] = [
  { name: 'organisations', scope: 't.id = :org', omit: ['id'], refs: {}, order: 't.id' },
  { name: 'contact_roles', numbered: true, refs: {}, order: 't.id' },
  { name: 'things', numbered: true, refs: {}, order: 't.id' },
  { name: 'locations', numbered: true, refs: {}, order: 't.id' },
  {
    name: 'thing_locations',
    scope: OF_THING,
    refs: { thing_id: 'things', location_id: 'locations' },
    order: 't.thing_id, t.location_id',
  },
  {
    name: 'historical_locations',
    numbered: true,
    scope: OF_THING,
    refs: { thing_id: 'things' },
    order: 't.id',
  },
  {
    name: 'historical_location_locations',
    scope: `t.historical_location_id IN (SELECT h.id FROM historical_locations h JOIN things x ON x.id = h.thing_id WHERE x.organisation_id = :org)`,
    refs: { historical_location_id: 'historical_locations', location_id: 'locations' },
    order: 't.historical_location_id, t.location_id',
  },
  { name: 'observed_properties', numbered: true, refs: {}, order: 't.id' },
  { name: 'features_of_interest', numbered: true, refs: { generated_from: 'locations' }, order: 't.id' },
  {
    name: 'places',
    refs: { thing_id: 'things', parent_id: 'things', own_location_id: 'locations' },
    later: ['parent_id'],
    order: 't.thing_id',
  },
  { name: 'groups', numbered: true, refs: { site_id: 'things' }, order: 't.id' },
  { name: 'group_years', scope: OF_GROUP, refs: { group_id: 'groups' }, order: 't.group_id, t.school_year' },
  {
    name: 'group_rooms',
    scope: OF_GROUP,
    omit: ['id'],
    refs: { group_id: 'groups', place_id: 'things' },
    order: 't.id',
  },
  { name: 'codecs', numbered: true, refs: {}, order: 't.id' },
  {
    name: 'codec_versions',
    numbered: true,
    scope: 't.codec_id IN (SELECT id FROM codecs WHERE organisation_id = :org)',
    omit: ['created_by'],
    refs: { codec_id: 'codecs' },
    order: 't.id',
  },
  {
    // Without its secret a source could not connect, and beside the old instance it would take half of its messages.
    name: 'sources',
    numbered: true,
    omit: ['secret', 'key_hash', 'enabled'],
    fixed: { enabled: 'FALSE' },
    refs: {},
    order: 't.id',
  },
  { name: 'sensors', numbered: true, refs: {}, order: 't.id' },
  {
    name: 'devices',
    numbered: true,
    refs: {
      codec_id: 'codecs',
      responsible_role_id: 'contact_roles',
      sensor_id: 'sensors',
      source_id: 'sources',
    },
    order: 't.id',
  },
  { name: 'claim_rules', omit: ['id'], refs: {}, order: 't.id' },
  { name: 'device_status', scope: OF_DEVICE, refs: { device_id: 'devices' }, order: 't.device_id' },
  { name: 'gateways', numbered: true, refs: {}, order: 't.id' },
  {
    name: 'gateway_signal',
    scope: OF_DEVICE,
    refs: { device_id: 'devices', gateway_id: 'gateways' },
    order: 't.device_id, t.gateway_id, t.day',
  },
  {
    name: 'datastreams',
    numbered: true,
    refs: {
      thing_id: 'things',
      sensor_id: 'sensors',
      observed_property_id: 'observed_properties',
      feature_id: 'features_of_interest',
    },
    order: 't.id',
  },
  {
    name: 'assignments',
    numbered: true,
    refs: { device_id: 'devices', place_id: 'things', replaces_id: 'assignments' },
    later: ['replaces_id'],
    order: 't.id',
  },
  {
    name: 'assignment_datastreams',
    scope: 't.assignment_id IN (SELECT id FROM assignments WHERE organisation_id = :org)',
    refs: { assignment_id: 'assignments', datastream_id: 'datastreams' },
    order: 't.assignment_id, t.property_key, t.channel',
  },
  {
    name: 'uplinks',
    refs: {
      id: { offset: 'uplinks' },
      device_id: 'devices',
      codec_version_id: 'codec_versions',
      source_id: 'sources',
      gateway_ids: { list: 'gateways' },
    },
    order: 't.id',
  },
  {
    name: 'observations',
    scope: OF_STREAM,
    refs: {
      id: { offset: 'observations' },
      datastream_id: 'datastreams',
      uplink_id: { offset: 'uplinks' },
      feature_id: 'features_of_interest',
    },
    order: 't.datastream_id, t.phenomenon_start, t.id',
  },
  {
    name: 'datastream_stats',
    scope: OF_STREAM,
    refs: { datastream_id: 'datastreams', last_id: { offset: 'observations' } },
    order: 't.datastream_id',
  },
  {
    name: 'corrections',
    omit: ['id', 'job_id'],
    refs: { datastream_id: 'datastreams', observation_id: { offset: 'observations' } },
    order: 't.id',
  },
];

/** Tables that stay behind, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  users: 'accounts belong to an installation',
  memberships: 'accounts belong to an installation',
  sessions: 'accounts belong to an installation',
  links: 'they open doors of this installation',
  api_keys: 'keys are made anew where they are used',
  audit: 'it names accounts of this installation',
  jobs: 'work under way stays here',
  source_status: 'what a source did here',
  uplink_messages: 'the network servers’ whole messages; the raw frames are in uplinks',
  ingest_slots: 'which process listens here',
  purges: 'what is being removed is gone',
  redecode_readings: 'work under way stays here',
  claim_batches: 'what can be undone is undone where it was done',
  claim_batch_devices: 'what can be undone is undone where it was done',
  rejected_messages: 'messages that never became a frame',
};

/** Rows that may be shipped with Torv instead of belonging to the organisation: found again by these columns. */
export const SHIPPED: Readonly<Record<string, string>> = {
  codecs: `(SELECT x.key FROM codecs x WHERE x.id = t.:column AND x.origin = 'shipped')`,
  codec_versions: `(SELECT x.key || ' ' || v.script_hash FROM codec_versions v JOIN codecs x ON x.id = v.codec_id WHERE v.id = t.:column AND x.origin = 'shipped')`,
  observed_properties: `(SELECT x.key FROM observed_properties x WHERE x.id = t.:column AND x.key IS NOT NULL)`,
};
