-- The day itself, else the nearest later one, else the nearest earlier one.
SELECT as_of
FROM store.listings
WHERE source = $source
GROUP BY as_of
ORDER BY as_of < $day::DATE, abs(as_of - $day::DATE)
LIMIT 1;
