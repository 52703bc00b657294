-- A broker keeps what waits for a client under its client id. So ids are slots that a process leases: when it dies,
-- a survivor takes the slot and with it the messages that waited.
CREATE TABLE ingest_slots (
  source_id    bigint NOT NULL REFERENCES sources ON DELETE CASCADE,
  slot         integer NOT NULL CHECK (slot BETWEEN 0 AND 63),
  client_id    text NOT NULL,
  lease_owner  text,
  lease_until  timestamptz,
  PRIMARY KEY (source_id, slot)
);
