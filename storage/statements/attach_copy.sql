ATTACH ? AS rewritten (STORAGE_VERSION 'v1.0.0');
