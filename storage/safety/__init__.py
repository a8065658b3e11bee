"""What guards the data: the manifest, verification, backups, the archive of answers."""
