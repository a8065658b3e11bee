USE marketmap;
-- No other file can be reached, no variable of the program, and none of this changed. Without a file
-- system SQL cannot write the very file that is attached either, which external access allows.
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true;
