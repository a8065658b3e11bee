ATTACH ? AS marketmap (READ_ONLY);
