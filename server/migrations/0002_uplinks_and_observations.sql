-- The two tables that grow: raw frames and observations, both in monthly partitions (docs/decisions/0001).
-- An id carries the month of its row's time at creation: (months since January 1900) << 42 | sequence.
-- Partitions are made by server/src/observations/partitions.ts before the first row of a month is written;
-- what lies outside 1990-2070 goes to the default partition.

CREATE SEQUENCE observation_sequence CACHE 100;
CREATE SEQUENCE uplink_sequence CACHE 100;

CREATE FUNCTION month_bits(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT least(greatest(
    (extract(year FROM at AT TIME ZONE 'UTC')::bigint - 1900) * 12 + extract(month FROM at AT TIME ZONE 'UTC')::bigint - 1,
    0), 2047) << 42
$$;

CREATE TABLE observations (
  id                bigint NOT NULL,
  datastream_id     bigint NOT NULL,
  phenomenon_start  timestamptz NOT NULL,
  result_number     double precision,
  uplink_id         bigint,                      -- the frame it was decoded from
  quality           smallint NOT NULL DEFAULT 0, -- bits of core/src/properties.ts QUALITY
  channel           smallint,                    -- null: posted through SensorThings, never a duplicate
  phenomenon_end    timestamptz,                 -- null: an instant
  result_time       timestamptz,
  feature_id        bigint,
  valid_start       timestamptz,
  valid_end         timestamptz,
  result_json       text,                        -- the result to the letter where it is not a number printed by float8
  parameters        jsonb,
  parameters_text   text,
  result_quality    text
) PARTITION BY RANGE (phenomenon_start);

-- Serves exactly-once (ON CONFLICT), a Datastream's latest, ranges and keyset paging alike.
CREATE UNIQUE INDEX observations_reading ON observations (datastream_id, phenomenon_start, channel);
CREATE INDEX observations_id ON observations (id);
CREATE TABLE observations_other PARTITION OF observations DEFAULT;

CREATE TABLE uplinks (
  id               bigint NOT NULL,
  organisation_id  bigint NOT NULL,
  device_id        bigint NOT NULL,
  network_time     timestamptz NOT NULL,         -- earliest of all copies
  last_time        timestamptz NOT NULL,         -- latest of all copies
  arrived_at       timestamptz NOT NULL,
  f_cnt            bigint,
  codec_version_id bigint,
  source_id        bigint,
  f_port           smallint NOT NULL,
  state            smallint NOT NULL,            -- server/src/ingest/states.ts
  copies           smallint NOT NULL DEFAULT 0,
  clock            smallint NOT NULL,            -- index into CLOCKS: which clock gave network_time
  dev_addr         text,
  payload          bytea NOT NULL,
  reason           text,                         -- why it was rejected, in words
  gateway_ids      bigint[] NOT NULL DEFAULT '{}',   -- best three
  rssi             smallint[] NOT NULL DEFAULT '{}',
  snr              real[] NOT NULL DEFAULT '{}',
  data_rate        text,
  frequency_mhz    real
) PARTITION BY RANGE (network_time);

CREATE INDEX uplinks_frame ON uplinks (device_id, f_cnt, network_time);
CREATE INDEX uplinks_device_time ON uplinks (device_id, network_time DESC, id);
CREATE INDEX uplinks_id ON uplinks (id);
-- What has to be looked at again: pending and rejected frames.
CREATE INDEX uplinks_open ON uplinks (organisation_id, state, network_time) WHERE state <> 1;
CREATE TABLE uplinks_other PARTITION OF uplinks DEFAULT;

-- The network server's whole message, kept for 30 days.
CREATE TABLE uplink_messages (
  arrived_at  timestamptz NOT NULL,
  uplink_id   bigint,
  source_id   bigint,
  body        text NOT NULL
) PARTITION BY RANGE (arrived_at);
CREATE INDEX uplink_messages_uplink ON uplink_messages (uplink_id);
CREATE TABLE uplink_messages_other PARTITION OF uplink_messages DEFAULT;

-- Messages that never became a frame: unreadable JSON, a missing DevEUI. Bounded per source.
CREATE TABLE rejected_messages (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organisation_id  bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
  source_id        bigint REFERENCES sources ON DELETE CASCADE,
  arrived_at       timestamptz NOT NULL,
  reason           text NOT NULL,
  at               text,
  body             bytea NOT NULL
);
CREATE INDEX rejected_messages_source ON rejected_messages (source_id, id);

-- Old values of observations that were decoded again or moved.
CREATE TABLE corrections (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organisation_id   bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
  job_id            bigint REFERENCES jobs ON DELETE SET NULL,
  at                timestamptz NOT NULL DEFAULT now(),
  observation_id    bigint NOT NULL,
  datastream_id     bigint NOT NULL,
  phenomenon_start  timestamptz NOT NULL,
  change            text NOT NULL CHECK (change IN ('changed', 'removed', 'added', 'moved')),
  old_number        double precision,
  old_json          text,
  old_quality       smallint,
  new_number        double precision,
  new_json          text,
  new_quality       smallint
);
CREATE INDEX corrections_datastream ON corrections (datastream_id, phenomenon_start);
CREATE INDEX corrections_job ON corrections (job_id);
