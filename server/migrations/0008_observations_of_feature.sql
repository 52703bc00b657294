-- Observations that name a FeatureOfInterest of their own (those that clients of SensorThings post) are found by it:
-- deleting a feature deletes them, and a feature lists them. What the pipeline writes names none and costs nothing.
CREATE INDEX observations_feature ON observations (feature_id) WHERE feature_id IS NOT NULL;
