"""Keys, reference systems, geometry, merge and store: arrays in, arrays out; only ``store`` touches disks."""
