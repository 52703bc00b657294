-- Datastreams that were deleted with more readings than one short transaction removes. Nothing shows a reading
-- without its Datastream; the rows go piece by piece afterwards (observations/purge.ts).
CREATE TABLE purges (
  datastream_id bigint PRIMARY KEY
);
