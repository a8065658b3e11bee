-- The oldest format that there is, so that every DuckDB 1.x can open the copy; measured, it is
-- neither larger nor slower than the newest.
ATTACH ? AS published_copy (STORAGE_VERSION 'v1.0.0');
