"""Keys, reference systems, geometry, merge and store.

Arrays in, arrays out; only ``store`` touches disks.
"""
