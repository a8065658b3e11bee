DELETE FROM store.listings
WHERE (source, as_of) IN (SELECT (source, as_of) FROM new_listing);
INSERT INTO store.listings BY NAME FROM new_listing;
