-- Made from the database by: UPDATE_SCHEMA=1 npx vitest run server/test/fitness/schema.test.ts

EXTENSION postgis

SEQUENCE observation_sequence CACHE 100

SEQUENCE uplink_sequence CACHE 100

FUNCTION month_bits(at timestamp with time zone) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT least(greatest(
    (extract(year FROM at AT TIME ZONE 'UTC')::bigint - 1900) * 12 + extract(month FROM at AT TIME ZONE 'UTC')::bigint - 1,
    0), 2047) << 42
$$

FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RAISE EXCEPTION 'The table % is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$

TABLE api_keys (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  key_hash bytea NOT NULL,
  hint text NOT NULL,
  scopes text[] NOT NULL,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  created_by bigint,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_keys_name_check CHECK ((name <> ''::text)),
  CONSTRAINT api_keys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_scopes_check CHECK ((scopes <@ ARRAY['ingest'::text, 'read'::text, 'write'::text]))
)
CREATE INDEX api_keys_organisation ON public.api_keys USING btree (organisation_id)

TABLE assignment_datastreams (
  assignment_id bigint NOT NULL,
  property_key text NOT NULL,
  channel smallint NOT NULL,
  datastream_id bigint NOT NULL,
  CONSTRAINT assignment_datastreams_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES assignments(id) ON DELETE CASCADE,
  CONSTRAINT assignment_datastreams_datastream_id_fkey FOREIGN KEY (datastream_id) REFERENCES datastreams(id) ON DELETE CASCADE,
  CONSTRAINT assignment_datastreams_pkey PRIMARY KEY (assignment_id, property_key, channel)
)
CREATE INDEX assignment_datastreams_datastream ON public.assignment_datastreams USING btree (datastream_id)

TABLE assignments (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  device_id bigint NOT NULL,
  property_key text,
  channel smallint,
  place_id bigint NOT NULL,
  valid_from timestamp with time zone NOT NULL,
  valid_until timestamp with time zone,
  replaces_id bigint,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT assignments_check CHECK ((valid_until > valid_from)),
  CONSTRAINT assignments_check1 CHECK (((property_key IS NULL) = (channel IS NULL))),
  CONSTRAINT assignments_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE,
  CONSTRAINT assignments_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT assignments_pkey PRIMARY KEY (id),
  CONSTRAINT assignments_place_id_fkey FOREIGN KEY (place_id) REFERENCES places(thing_id),
  CONSTRAINT assignments_replaces_id_fkey FOREIGN KEY (replaces_id) REFERENCES assignments(id) ON DELETE SET NULL
)
CREATE INDEX assignments_device ON public.assignments USING btree (device_id, valid_from)
CREATE INDEX assignments_place ON public.assignments USING btree (place_id, valid_from)

TABLE audit (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  at timestamp with time zone NOT NULL DEFAULT now(),
  organisation_id bigint,
  actor_kind text NOT NULL,
  actor_id bigint,
  action text NOT NULL,
  entity text NOT NULL,
  entity_id text,
  before jsonb,
  after jsonb,
  CONSTRAINT audit_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'key'::text, 'system'::text, 'link'::text]))),
  CONSTRAINT audit_pkey PRIMARY KEY (id)
)
CREATE INDEX audit_organisation ON public.audit USING btree (organisation_id, id)
CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

TABLE claim_batch_devices (
  batch_id bigint NOT NULL,
  device_id bigint NOT NULL,
  device_version integer NOT NULL,
  before jsonb NOT NULL,
  undone boolean NOT NULL DEFAULT false,
  CONSTRAINT claim_batch_devices_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES claim_batches(id) ON DELETE CASCADE,
  CONSTRAINT claim_batch_devices_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE,
  CONSTRAINT claim_batch_devices_pkey PRIMARY KEY (batch_id, device_id)
)
CREATE INDEX claim_batch_devices_device ON public.claim_batch_devices USING btree (device_id)

TABLE claim_batches (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  automatic boolean NOT NULL DEFAULT false,
  created_by bigint,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  undone_at timestamp with time zone,
  CONSTRAINT claim_batches_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  CONSTRAINT claim_batches_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT claim_batches_pkey PRIMARY KEY (id)
)
CREATE INDEX claim_batches_organisation ON public.claim_batches USING btree (organisation_id, id)

TABLE claim_rules (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  position integer NOT NULL,
  profile_pattern text,
  name_pattern text,
  tag_patterns jsonb NOT NULL DEFAULT '{}'::jsonb,
  codec_key text,
  place_by text,
  place_template text,
  name_template text,
  automatic boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT claim_rules_check CHECK (((place_by IS NULL) = (place_template IS NULL))),
  CONSTRAINT claim_rules_check1 CHECK (((codec_key IS NOT NULL) OR (place_template IS NOT NULL) OR (name_template IS NOT NULL))),
  CONSTRAINT claim_rules_name_check CHECK ((name <> ''::text)),
  CONSTRAINT claim_rules_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT claim_rules_pkey PRIMARY KEY (id),
  CONSTRAINT claim_rules_place_by_check CHECK ((place_by = ANY (ARRAY['reference'::text, 'path'::text, 'name'::text])))
)
CREATE INDEX claim_rules_organisation ON public.claim_rules USING btree (organisation_id, "position")

TABLE codec_versions (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  codec_id bigint NOT NULL,
  number integer NOT NULL,
  script text NOT NULL,
  script_hash text NOT NULL,
  description jsonb NOT NULL,
  vectors jsonb NOT NULL DEFAULT '[]'::jsonb,
  note text NOT NULL DEFAULT ''::text,
  created_by bigint,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT codec_versions_codec_id_fkey FOREIGN KEY (codec_id) REFERENCES codecs(id) ON DELETE CASCADE,
  CONSTRAINT codec_versions_codec_id_number_key UNIQUE (codec_id, number),
  CONSTRAINT codec_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  CONSTRAINT codec_versions_pkey PRIMARY KEY (id)
)

TABLE codecs (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  key text NOT NULL,
  vendor text NOT NULL,
  model text NOT NULL,
  title text NOT NULL,
  origin text NOT NULL,
  current_version integer NOT NULL DEFAULT 1,
  quarantined_at timestamp with time zone,
  quarantine_reason text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT codecs_key_check CHECK ((key ~ '^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$'::text)),
  CONSTRAINT codecs_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT codecs_organisation_id_key_key UNIQUE (organisation_id, key),
  CONSTRAINT codecs_origin_check CHECK ((origin = ANY (ARRAY['shipped'::text, 'imported'::text, 'written'::text]))),
  CONSTRAINT codecs_pkey PRIMARY KEY (id)
)

TABLE contact_roles (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  mailbox text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT contact_roles_name_check CHECK ((name <> ''::text)),
  CONSTRAINT contact_roles_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT contact_roles_organisation_id_name_key UNIQUE (organisation_id, name),
  CONSTRAINT contact_roles_pkey PRIMARY KEY (id)
)

TABLE corrections (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  job_id bigint,
  at timestamp with time zone NOT NULL DEFAULT now(),
  observation_id bigint NOT NULL,
  datastream_id bigint NOT NULL,
  phenomenon_start timestamp with time zone NOT NULL,
  change text NOT NULL,
  old_number double precision,
  old_json text,
  old_quality smallint,
  new_number double precision,
  new_json text,
  new_quality smallint,
  CONSTRAINT corrections_change_check CHECK ((change = ANY (ARRAY['changed'::text, 'removed'::text, 'added'::text, 'moved'::text]))),
  CONSTRAINT corrections_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs(id) ON DELETE SET NULL,
  CONSTRAINT corrections_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT corrections_pkey PRIMARY KEY (id)
)
CREATE INDEX corrections_datastream ON public.corrections USING btree (datastream_id, phenomenon_start)
CREATE INDEX corrections_job ON public.corrections USING btree (job_id)

TABLE datastream_stats (
  datastream_id bigint NOT NULL,
  observations bigint NOT NULL DEFAULT 0,
  phenomenon_start timestamp with time zone,
  phenomenon_end timestamp with time zone,
  result_start timestamp with time zone,
  result_end timestamp with time zone,
  last_id bigint,
  last_time timestamp with time zone,
  last_number double precision,
  last_json text,
  last_quality smallint,
  arrived_at timestamp with time zone,
  CONSTRAINT datastream_stats_datastream_id_fkey FOREIGN KEY (datastream_id) REFERENCES datastreams(id) ON DELETE CASCADE,
  CONSTRAINT datastream_stats_pkey PRIMARY KEY (datastream_id)
) WITH (fillfactor=50)

TABLE datastreams (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  organisation_id bigint NOT NULL,
  thing_id bigint NOT NULL,
  sensor_id bigint NOT NULL,
  observed_property_id bigint NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT ''::text,
  observation_type text NOT NULL,
  unit_name text,
  unit_symbol text,
  unit_definition text,
  unit_text text,
  property_key text,
  feature_id bigint,
  observed_area geometry(Geometry,4326),
  properties jsonb,
  properties_text text,
  visibility text NOT NULL DEFAULT 'internal'::text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT datastreams_feature_id_fkey FOREIGN KEY (feature_id) REFERENCES features_of_interest(id) ON DELETE SET NULL,
  CONSTRAINT datastreams_observed_property_id_fkey FOREIGN KEY (observed_property_id) REFERENCES observed_properties(id) ON DELETE CASCADE,
  CONSTRAINT datastreams_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT datastreams_pkey PRIMARY KEY (id),
  CONSTRAINT datastreams_sensor_id_fkey FOREIGN KEY (sensor_id) REFERENCES sensors(id) ON DELETE CASCADE,
  CONSTRAINT datastreams_thing_id_fkey FOREIGN KEY (thing_id) REFERENCES things(id) ON DELETE CASCADE,
  CONSTRAINT datastreams_visibility_check CHECK ((visibility = ANY (ARRAY['internal'::text, 'public'::text])))
)
CREATE INDEX datastreams_observed_property ON public.datastreams USING btree (observed_property_id)
CREATE INDEX datastreams_organisation ON public.datastreams USING btree (organisation_id, id)
CREATE INDEX datastreams_sensor ON public.datastreams USING btree (sensor_id)
CREATE INDEX datastreams_thing ON public.datastreams USING btree (thing_id, property_key)

TABLE device_status (
  device_id bigint NOT NULL,
  first_seen timestamp with time zone NOT NULL,
  last_seen timestamp with time zone NOT NULL,
  last_arrived_at timestamp with time zone NOT NULL,
  last_f_cnt bigint,
  last_dev_addr text,
  frames bigint NOT NULL DEFAULT 0,
  copies bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  battery_v double precision,
  battery_percent double precision,
  battery_at timestamp with time zone,
  rssi double precision,
  snr double precision,
  data_rate text,
  last_reason text,
  CONSTRAINT device_status_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE,
  CONSTRAINT device_status_pkey PRIMARY KEY (device_id)
) WITH (fillfactor=50)

TABLE devices (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  dev_eui text NOT NULL,
  state text NOT NULL DEFAULT 'waiting'::text,
  name text NOT NULL DEFAULT ''::text,
  codec_id bigint,
  serial text,
  power_source text,
  notes text NOT NULL DEFAULT ''::text,
  responsible_role_id bigint,
  sensor_id bigint,
  expected_interval_s integer,
  heard_name text,
  heard_profile text,
  heard_tags jsonb NOT NULL DEFAULT '{}'::jsonb,
  source_id bigint,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT devices_codec_id_fkey FOREIGN KEY (codec_id) REFERENCES codecs(id),
  CONSTRAINT devices_dev_eui_check CHECK ((dev_eui ~ '^[0-9a-f]{16}$'::text)),
  CONSTRAINT devices_expected_interval_s_check CHECK ((expected_interval_s > 0)),
  CONSTRAINT devices_organisation_id_dev_eui_key UNIQUE (organisation_id, dev_eui),
  CONSTRAINT devices_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT devices_pkey PRIMARY KEY (id),
  CONSTRAINT devices_power_source_check CHECK ((power_source = ANY (ARRAY['battery'::text, 'mains'::text, 'solar'::text, 'poe'::text]))),
  CONSTRAINT devices_responsible_role_id_fkey FOREIGN KEY (responsible_role_id) REFERENCES contact_roles(id) ON DELETE SET NULL,
  CONSTRAINT devices_sensor_id_fkey FOREIGN KEY (sensor_id) REFERENCES sensors(id) ON DELETE SET NULL,
  CONSTRAINT devices_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id) ON DELETE SET NULL,
  CONSTRAINT devices_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'claimed'::text, 'retired'::text])))
)
CREATE INDEX devices_state ON public.devices USING btree (organisation_id, state)

TABLE features_of_interest (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT ''::text,
  encoding_type text NOT NULL DEFAULT 'application/geo+json'::text,
  feature jsonb NOT NULL,
  feature_text text,
  geom geometry(Geometry,4326),
  properties jsonb,
  properties_text text,
  generated_from bigint,
  visibility text NOT NULL DEFAULT 'internal'::text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT features_of_interest_generated_from_fkey FOREIGN KEY (generated_from) REFERENCES locations(id) ON DELETE SET NULL,
  CONSTRAINT features_of_interest_generated_from_key UNIQUE (generated_from),
  CONSTRAINT features_of_interest_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT features_of_interest_pkey PRIMARY KEY (id),
  CONSTRAINT features_of_interest_visibility_check CHECK ((visibility = ANY (ARRAY['internal'::text, 'public'::text])))
)
CREATE INDEX features_of_interest_organisation ON public.features_of_interest USING btree (organisation_id, id)

TABLE gateway_signal (
  device_id bigint NOT NULL,
  gateway_id bigint NOT NULL,
  day date NOT NULL,
  frames integer NOT NULL,
  rssi_sum double precision NOT NULL DEFAULT 0,
  rssi_count integer NOT NULL DEFAULT 0,
  snr_sum double precision NOT NULL DEFAULT 0,
  snr_count integer NOT NULL DEFAULT 0,
  CONSTRAINT gateway_signal_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE,
  CONSTRAINT gateway_signal_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES gateways(id) ON DELETE CASCADE,
  CONSTRAINT gateway_signal_pkey PRIMARY KEY (device_id, gateway_id, day)
) WITH (fillfactor=50)

TABLE gateways (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  gateway_id text NOT NULL,
  name text NOT NULL DEFAULT ''::text,
  latitude double precision,
  longitude double precision,
  first_seen timestamp with time zone NOT NULL,
  last_seen timestamp with time zone NOT NULL,
  frames bigint NOT NULL DEFAULT 0,
  CONSTRAINT gateways_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT gateways_organisation_id_gateway_id_key UNIQUE (organisation_id, gateway_id),
  CONSTRAINT gateways_pkey PRIMARY KEY (id)
) WITH (fillfactor=50)

TABLE group_rooms (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  group_id bigint NOT NULL,
  place_id bigint NOT NULL,
  valid_from timestamp with time zone NOT NULL,
  valid_until timestamp with time zone,
  CONSTRAINT group_rooms_check CHECK ((valid_until > valid_from)),
  CONSTRAINT group_rooms_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
  CONSTRAINT group_rooms_pkey PRIMARY KEY (id),
  CONSTRAINT group_rooms_place_id_fkey FOREIGN KEY (place_id) REFERENCES places(thing_id)
)
CREATE INDEX group_rooms_group ON public.group_rooms USING btree (group_id)
CREATE INDEX group_rooms_place ON public.group_rooms USING btree (place_id, valid_from)

TABLE group_years (
  group_id bigint NOT NULL,
  school_year integer NOT NULL,
  name text NOT NULL,
  people integer,
  CONSTRAINT group_years_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
  CONSTRAINT group_years_name_check CHECK ((name <> ''::text)),
  CONSTRAINT group_years_people_check CHECK ((people >= 0)),
  CONSTRAINT group_years_pkey PRIMARY KEY (group_id, school_year),
  CONSTRAINT group_years_school_year_check CHECK (((school_year >= 1900) AND (school_year <= 2200)))
)

TABLE groups (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  site_id bigint NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT groups_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT groups_pkey PRIMARY KEY (id),
  CONSTRAINT groups_site_id_fkey FOREIGN KEY (site_id) REFERENCES places(thing_id)
)
CREATE INDEX groups_organisation ON public.groups USING btree (organisation_id)

TABLE historical_location_locations (
  historical_location_id bigint NOT NULL,
  location_id bigint NOT NULL,
  CONSTRAINT historical_location_locations_historical_location_id_fkey FOREIGN KEY (historical_location_id) REFERENCES historical_locations(id) ON DELETE CASCADE,
  CONSTRAINT historical_location_locations_location_id_fkey FOREIGN KEY (location_id) REFERENCES locations(id) ON DELETE CASCADE,
  CONSTRAINT historical_location_locations_pkey PRIMARY KEY (historical_location_id, location_id)
)
CREATE INDEX historical_location_locations_location ON public.historical_location_locations USING btree (location_id)

TABLE historical_locations (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  thing_id bigint NOT NULL,
  time timestamp with time zone NOT NULL,
  CONSTRAINT historical_locations_pkey PRIMARY KEY (id),
  CONSTRAINT historical_locations_thing_id_fkey FOREIGN KEY (thing_id) REFERENCES things(id) ON DELETE CASCADE
)
CREATE INDEX historical_locations_thing ON public.historical_locations USING btree (thing_id, "time")

TABLE ingest_slots (
  source_id bigint NOT NULL,
  slot integer NOT NULL,
  client_id text NOT NULL,
  lease_owner text,
  lease_until timestamp with time zone,
  CONSTRAINT ingest_slots_pkey PRIMARY KEY (source_id, slot),
  CONSTRAINT ingest_slots_slot_check CHECK (((slot >= 0) AND (slot <= 63))),
  CONSTRAINT ingest_slots_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id) ON DELETE CASCADE
)

TABLE jobs (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint,
  kind text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}'::jsonb,
  state text NOT NULL DEFAULT 'waiting'::text,
  progress real NOT NULL DEFAULT 0,
  message text,
  attempts integer NOT NULL DEFAULT 0,
  run_after timestamp with time zone NOT NULL DEFAULT now(),
  lease_owner text,
  lease_until timestamp with time zone,
  cancel_requested boolean NOT NULL DEFAULT false,
  checkpoint jsonb,
  result jsonb,
  created_by bigint,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  finished_at timestamp with time zone,
  CONSTRAINT jobs_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  CONSTRAINT jobs_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT jobs_pkey PRIMARY KEY (id),
  CONSTRAINT jobs_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
)
CREATE INDEX jobs_open ON public.jobs USING btree (run_after) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]))
CREATE INDEX jobs_organisation ON public.jobs USING btree (organisation_id, id)

TABLE links (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  secret_hash bytea NOT NULL,
  organisation_id bigint,
  user_id bigint,
  place_id bigint,
  email text,
  role text,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_by bigint,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT links_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  CONSTRAINT links_kind_check CHECK ((kind = ANY (ARRAY['first-administrator'::text, 'invitation'::text, 'password-reset'::text, 'room-screen'::text]))),
  CONSTRAINT links_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT links_pkey PRIMARY KEY (id),
  CONSTRAINT links_place_id_fkey FOREIGN KEY (place_id) REFERENCES places(thing_id) ON DELETE CASCADE,
  CONSTRAINT links_role_check CHECK ((role = ANY (ARRAY['administrator'::text, 'editor'::text, 'viewer'::text]))),
  CONSTRAINT links_secret_hash_key UNIQUE (secret_hash),
  CONSTRAINT links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
)
CREATE INDEX links_organisation ON public.links USING btree (organisation_id)

TABLE locations (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT ''::text,
  encoding_type text NOT NULL DEFAULT 'application/geo+json'::text,
  location jsonb NOT NULL,
  location_text text,
  geom geometry(Geometry,4326),
  properties jsonb,
  properties_text text,
  visibility text NOT NULL DEFAULT 'internal'::text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT locations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT locations_pkey PRIMARY KEY (id),
  CONSTRAINT locations_visibility_check CHECK ((visibility = ANY (ARRAY['internal'::text, 'public'::text])))
)
CREATE INDEX locations_geom ON public.locations USING gist (geom)
CREATE INDEX locations_organisation ON public.locations USING btree (organisation_id, id)

TABLE memberships (
  user_id bigint NOT NULL,
  organisation_id bigint NOT NULL,
  role text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT memberships_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT memberships_pkey PRIMARY KEY (user_id, organisation_id),
  CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['administrator'::text, 'editor'::text, 'viewer'::text]))),
  CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
)
CREATE INDEX memberships_organisation ON public.memberships USING btree (organisation_id)

TABLE observations (
  id bigint NOT NULL,
  datastream_id bigint NOT NULL,
  phenomenon_start timestamp with time zone NOT NULL,
  result_number double precision,
  uplink_id bigint,
  quality smallint NOT NULL DEFAULT 0,
  channel smallint,
  phenomenon_end timestamp with time zone,
  result_time timestamp with time zone,
  feature_id bigint,
  valid_start timestamp with time zone,
  valid_end timestamp with time zone,
  result_json text,
  parameters jsonb,
  parameters_text text,
  result_quality text
) PARTITION BY RANGE (phenomenon_start)
CREATE INDEX observations_feature ON public.observations USING btree (feature_id) WHERE (feature_id IS NOT NULL)
CREATE INDEX observations_history ON public.observations USING btree (uplink_id) WHERE ((result_time IS NOT NULL) AND (uplink_id IS NOT NULL))
CREATE INDEX observations_id ON public.observations USING btree (id)
CREATE UNIQUE INDEX observations_reading ON public.observations USING btree (datastream_id, phenomenon_start, channel)
PARTITION observations_other DEFAULT

TABLE observed_properties (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  organisation_id bigint NOT NULL,
  key text,
  name text NOT NULL,
  definition text NOT NULL,
  description text NOT NULL DEFAULT ''::text,
  properties jsonb,
  properties_text text,
  visibility text NOT NULL DEFAULT 'internal'::text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT observed_properties_key_key UNIQUE (key),
  CONSTRAINT observed_properties_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT observed_properties_pkey PRIMARY KEY (id),
  CONSTRAINT observed_properties_visibility_check CHECK ((visibility = ANY (ARRAY['internal'::text, 'public'::text])))
)

TABLE organisations (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  slug text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL DEFAULT 'municipality'::text,
  country text NOT NULL DEFAULT 'DK'::text,
  time_zone text NOT NULL DEFAULT 'Europe/Copenhagen'::text,
  locale text NOT NULL DEFAULT 'da'::text,
  ground jsonb NOT NULL DEFAULT '{"type": "FeatureCollection", "features": []}'::jsonb,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT organisations_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
  CONSTRAINT organisations_kind_check CHECK ((kind = ANY (ARRAY['municipality'::text, 'partner'::text, 'demo'::text, 'system'::text, 'open'::text]))),
  CONSTRAINT organisations_locale_check CHECK ((locale = ANY (ARRAY['da'::text, 'sv'::text, 'nl'::text, 'en'::text]))),
  CONSTRAINT organisations_name_check CHECK ((name <> ''::text)),
  CONSTRAINT organisations_pkey PRIMARY KEY (id),
  CONSTRAINT organisations_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
  CONSTRAINT organisations_slug_key UNIQUE (slug)
)

TABLE places (
  thing_id bigint NOT NULL,
  organisation_id bigint NOT NULL,
  parent_id bigint,
  kind text NOT NULL,
  room_use text,
  floor text,
  area_m2 double precision,
  volume_m3 double precision,
  ventilation text NOT NULL DEFAULT 'unknown'::text,
  ventilation_m3_h double precision,
  power text,
  own_location_id bigint,
  external_ref text,
  CONSTRAINT places_area_m2_check CHECK ((area_m2 > (0)::double precision)),
  CONSTRAINT places_kind_check CHECK ((kind = ANY (ARRAY['site'::text, 'building'::text, 'room'::text, 'point'::text]))),
  CONSTRAINT places_organisation_id_external_ref_key UNIQUE (organisation_id, external_ref),
  CONSTRAINT places_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT places_own_location_id_fkey FOREIGN KEY (own_location_id) REFERENCES locations(id) ON DELETE SET NULL,
  CONSTRAINT places_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES places(thing_id),
  CONSTRAINT places_pkey PRIMARY KEY (thing_id),
  CONSTRAINT places_power_check CHECK ((power = ANY (ARRAY['mains'::text, 'none'::text, 'poe'::text]))),
  CONSTRAINT places_room_use_check CHECK ((room_use = ANY (ARRAY['classroom'::text, 'daycare'::text, 'office'::text, 'meeting'::text, 'hall'::text, 'other'::text]))),
  CONSTRAINT places_thing_id_fkey FOREIGN KEY (thing_id) REFERENCES things(id) ON DELETE CASCADE,
  CONSTRAINT places_ventilation_check CHECK ((ventilation = ANY (ARRAY['unknown'::text, 'none'::text, 'natural'::text, 'mechanical'::text, 'co2-controlled'::text]))),
  CONSTRAINT places_ventilation_m3_h_check CHECK ((ventilation_m3_h >= (0)::double precision)),
  CONSTRAINT places_volume_m3_check CHECK ((volume_m3 > (0)::double precision))
)
CREATE INDEX places_organisation ON public.places USING btree (organisation_id)
CREATE INDEX places_parent ON public.places USING btree (parent_id)

TABLE purges (
  datastream_id bigint NOT NULL,
  CONSTRAINT purges_pkey PRIMARY KEY (datastream_id)
)

TABLE redecode_readings (
  job_id bigint NOT NULL,
  device_id bigint NOT NULL,
  datastream_id bigint NOT NULL,
  phenomenon_start timestamp with time zone NOT NULL,
  channel smallint NOT NULL,
  result_number double precision,
  result_json text,
  quality smallint NOT NULL,
  uplink_id bigint NOT NULL,
  result_time timestamp with time zone,
  CONSTRAINT redecode_readings_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs(id) ON DELETE CASCADE,
  CONSTRAINT redecode_readings_pkey PRIMARY KEY (job_id, datastream_id, phenomenon_start, channel)
)

TABLE rejected_messages (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  source_id bigint,
  arrived_at timestamp with time zone NOT NULL,
  reason text NOT NULL,
  at text,
  body bytea NOT NULL,
  CONSTRAINT rejected_messages_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT rejected_messages_pkey PRIMARY KEY (id),
  CONSTRAINT rejected_messages_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id) ON DELETE CASCADE
)
CREATE INDEX rejected_messages_source ON public.rejected_messages USING btree (source_id, id)

TABLE schema_migrations (
  number integer NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT schema_migrations_pkey PRIMARY KEY (number)
)

TABLE sensors (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT ''::text,
  encoding_type text NOT NULL DEFAULT 'application/json'::text,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  metadata_text text,
  properties jsonb,
  properties_text text,
  visibility text NOT NULL DEFAULT 'internal'::text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT sensors_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT sensors_pkey PRIMARY KEY (id),
  CONSTRAINT sensors_visibility_check CHECK ((visibility = ANY (ARRAY['internal'::text, 'public'::text])))
)
CREATE INDEX sensors_organisation ON public.sensors USING btree (organisation_id, id)

TABLE sessions (
  token_hash bytea NOT NULL,
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  user_id bigint NOT NULL,
  user_agent text NOT NULL DEFAULT ''::text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  last_seen_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT sessions_id_key UNIQUE (id),
  CONSTRAINT sessions_pkey PRIMARY KEY (token_hash),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
)
CREATE INDEX sessions_user ON public.sessions USING btree (user_id)

TABLE source_status (
  source_id bigint NOT NULL,
  state text NOT NULL DEFAULT 'idle'::text,
  state_reason text,
  messages bigint NOT NULL DEFAULT 0,
  faults bigint NOT NULL DEFAULT 0,
  ignored bigint NOT NULL DEFAULT 0,
  last_message_at timestamp with time zone,
  last_fault_at timestamp with time zone,
  last_fault text,
  CONSTRAINT source_status_pkey PRIMARY KEY (source_id),
  CONSTRAINT source_status_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources(id) ON DELETE CASCADE
) WITH (fillfactor=50)

TABLE sources (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  format text NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  secret bytea,
  key_hash bytea,
  enabled boolean NOT NULL DEFAULT true,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT sources_key_hash_key UNIQUE (key_hash),
  CONSTRAINT sources_kind_check CHECK ((kind = ANY (ARRAY['webhook'::text, 'mqtt'::text, 'broker'::text, 'file'::text, 'demo'::text]))),
  CONSTRAINT sources_name_check CHECK ((name <> ''::text)),
  CONSTRAINT sources_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT sources_pkey PRIMARY KEY (id)
)
CREATE INDEX sources_organisation ON public.sources USING btree (organisation_id)

TABLE thing_locations (
  thing_id bigint NOT NULL,
  location_id bigint NOT NULL,
  inherited boolean NOT NULL DEFAULT false,
  CONSTRAINT thing_locations_location_id_fkey FOREIGN KEY (location_id) REFERENCES locations(id) ON DELETE CASCADE,
  CONSTRAINT thing_locations_pkey PRIMARY KEY (thing_id, location_id),
  CONSTRAINT thing_locations_thing_id_fkey FOREIGN KEY (thing_id) REFERENCES things(id) ON DELETE CASCADE
)
CREATE INDEX thing_locations_location ON public.thing_locations USING btree (location_id)

TABLE things (
  id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
  organisation_id bigint NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT ''::text,
  properties jsonb,
  properties_text text,
  visibility text NOT NULL DEFAULT 'internal'::text,
  version integer NOT NULL DEFAULT 1,
  CONSTRAINT things_name_check CHECK ((name <> ''::text)),
  CONSTRAINT things_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  CONSTRAINT things_pkey PRIMARY KEY (id),
  CONSTRAINT things_visibility_check CHECK ((visibility = ANY (ARRAY['internal'::text, 'public'::text])))
)
CREATE INDEX things_organisation ON public.things USING btree (organisation_id, id)

TABLE uplink_messages (
  arrived_at timestamp with time zone NOT NULL,
  uplink_id bigint,
  source_id bigint,
  body text NOT NULL
) PARTITION BY RANGE (arrived_at)
CREATE INDEX uplink_messages_uplink ON public.uplink_messages USING btree (uplink_id)
PARTITION uplink_messages_other DEFAULT

TABLE uplinks (
  id bigint NOT NULL,
  organisation_id bigint NOT NULL,
  device_id bigint NOT NULL,
  network_time timestamp with time zone NOT NULL,
  last_time timestamp with time zone NOT NULL,
  arrived_at timestamp with time zone NOT NULL,
  f_cnt bigint,
  codec_version_id bigint,
  source_id bigint,
  f_port smallint NOT NULL,
  state smallint NOT NULL,
  copies smallint NOT NULL DEFAULT 0,
  clock smallint NOT NULL,
  dev_addr text,
  payload bytea NOT NULL,
  reason text,
  gateway_ids bigint[] NOT NULL DEFAULT '{}'::bigint[],
  rssi smallint[] NOT NULL DEFAULT '{}'::smallint[],
  snr real[] NOT NULL DEFAULT '{}'::real[],
  data_rate text,
  frequency_mhz real,
  copy_times timestamp with time zone[]
) PARTITION BY RANGE (network_time)
CREATE INDEX uplinks_device_time ON public.uplinks USING btree (device_id, network_time DESC, id)
CREATE INDEX uplinks_frame ON public.uplinks USING btree ((((device_id << 32) | f_cnt)), network_time)
CREATE INDEX uplinks_id ON public.uplinks USING btree (id)
CREATE INDEX uplinks_long ON public.uplinks USING btree (device_id, f_cnt, last_time) WHERE ((last_time - network_time) > 'PT24H'::interval)
CREATE INDEX uplinks_open ON public.uplinks USING btree (organisation_id, state, network_time) WHERE (state <> 1)
PARTITION uplinks_other DEFAULT

TABLE users (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  email text NOT NULL,
  name text NOT NULL DEFAULT ''::text,
  password_hash text,
  instance_admin boolean NOT NULL DEFAULT false,
  locale text,
  disabled_at timestamp with time zone,
  version integer NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT users_email_check CHECK ((email = lower(email))),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_locale_check CHECK ((locale = ANY (ARRAY['da'::text, 'sv'::text, 'nl'::text, 'en'::text]))),
  CONSTRAINT users_pkey PRIMARY KEY (id)
)
