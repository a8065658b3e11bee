-- Every value of a table, so that each block of it is read and checked.
SELECT bit_xor(hash(content)) FROM query_table(?) AS content;
