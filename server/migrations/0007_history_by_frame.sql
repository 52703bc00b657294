-- Readings with a time of their own (history in a frame) are few and lie up to a month from their frame: they are
-- found by the frame. All others lie at the frame's own time and need no index for it.
CREATE INDEX observations_history ON observations (uplink_id) WHERE result_time IS NOT NULL AND uplink_id IS NOT NULL;
