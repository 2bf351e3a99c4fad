"""The state database: what is neither parcel data nor a setting, such as jobs.

`tables` says what is in it, `versions` how an older database becomes the present one, `database`
opens it: SQLite in the data directory.
"""
