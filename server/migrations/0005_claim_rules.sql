-- Claiming in bulk: rules that tell a waiting device's codec and room, and the batches in which they were applied,
-- kept so that a batch can be undone.

CREATE TABLE claim_rules (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organisation_id  bigint NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
  name             text NOT NULL CHECK (name <> ''),
  -- the lower comes first; the first rule that gives a codec, a room or a name wins
  position         integer NOT NULL,
  -- core/src/claim-pattern.ts; NULL: any
  profile_pattern  text,
  name_pattern     text,
  -- tag -> pattern; all must match
  tag_patterns     jsonb NOT NULL DEFAULT '{}',
  codec_key        text,
  place_by         text CHECK (place_by IN ('reference', 'path', 'name')),
  place_template   text,
  name_template    text,
  automatic        boolean NOT NULL DEFAULT FALSE,
  version          integer NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CHECK ((place_by IS NULL) = (place_template IS NULL)),
  CHECK (codec_key IS NOT NULL OR place_template IS NOT NULL OR name_template IS NOT NULL)
);
CREATE INDEX claim_rules_organisation ON claim_rules (organisation_id, position);

CREATE TABLE claim_batches (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organisation_id  bigint NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
  automatic        boolean NOT NULL DEFAULT FALSE,
  created_by       bigint REFERENCES users (id) ON DELETE SET NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  undone_at        timestamptz
);
CREATE INDEX claim_batches_organisation ON claim_batches (organisation_id, id);

CREATE TABLE claim_batch_devices (
  batch_id         bigint NOT NULL REFERENCES claim_batches (id) ON DELETE CASCADE,
  device_id        bigint NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  -- the device's version when the batch was done: a higher one means that somebody changed it since
  device_version   integer NOT NULL,
  -- what it was before: name, serial, power source, expected interval
  before           jsonb NOT NULL,
  undone           boolean NOT NULL DEFAULT FALSE,
  PRIMARY KEY (batch_id, device_id)
);
CREATE INDEX claim_batch_devices_device ON claim_batch_devices (device_id);
