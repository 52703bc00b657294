-- Every hearing of a frame is remembered, so that what a copy teaches is taught once in any order of arrival;
-- decoding again works through a staging table, one device and UTC day at a time.

-- Network times of the copies (without the first hearing); null for the many frames that came once.
ALTER TABLE uplinks ADD COLUMN copy_times timestamptz[];
-- A chain of copies that spans more than the copy window is not found by its first hearing. Next to empty.
CREATE INDEX uplinks_long ON uplinks (device_id, f_cnt, last_time) WHERE last_time - network_time > interval '24 hours';

-- What decoding again gives, until a device's day is swapped in one short transaction. Emptied by the swap.
CREATE UNLOGGED TABLE redecode_readings (
  job_id            bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
  device_id         bigint NOT NULL,
  datastream_id     bigint NOT NULL,
  phenomenon_start  timestamptz NOT NULL,
  channel           smallint NOT NULL,
  result_number     double precision,
  result_json       text,
  quality           smallint NOT NULL,
  uplink_id         bigint NOT NULL,
  result_time       timestamptz,
  PRIMARY KEY (job_id, datastream_id, phenomenon_start, channel)
);
