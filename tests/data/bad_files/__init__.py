"""Bad files of images, arrays, archives and labels, made one by one; nothing here is of others."""
