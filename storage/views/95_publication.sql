CREATE OR REPLACE VIEW publication AS
SELECT published_at, n_runs, checksum
FROM store.publication;

COMMENT ON VIEW publication IS 'One row: what this copy holds, and since when.';
COMMENT ON COLUMN publication.published_at IS 'When the copy was made, UTC';
COMMENT ON COLUMN publication.n_runs IS 'Stored runs of all maps';
COMMENT ON COLUMN publication.checksum IS 'SHA-256 of the ids and checksums of all runs, in order of id: two copies with the same one hold the same maps';
