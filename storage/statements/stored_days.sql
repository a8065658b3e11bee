SELECT DISTINCT as_of FROM store.runs WHERE map = ? ORDER BY as_of;
