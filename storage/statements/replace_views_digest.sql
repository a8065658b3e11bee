TRUNCATE store.views;
INSERT INTO store.views VALUES (?);
