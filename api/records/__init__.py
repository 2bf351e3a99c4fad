"""OGC API Records: the catalogue of what there is, each data set as a record.

`documents` describes, `asking` reads and applies the parameters, `routes` answers.
"""
