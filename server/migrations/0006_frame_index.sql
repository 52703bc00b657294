-- The copies of a frame are looked for with every uplink. With device and counter in one number there is only one
-- index that fits the question: on a month without statistics yet (or on the embedded database, which gathers none
-- by itself) the planner would else walk through the device's last days.
DROP INDEX uplinks_frame;
CREATE INDEX uplinks_frame ON uplinks (((device_id << 32) | f_cnt), network_time);
