SELECT DISTINCT map FROM store.runs ORDER BY map;
