"""OGC API Processes: questions that are more than a filter, answered at once or in the background.

What there is
    `process` is what a process is made of, `inputs` the kinds of values that go in;
    `parcel_dossier`, `buffer_query`, `area_statistics` and `map_preview` are the four, `registry`
    lists them.
What is asked
    `asking` reads a request to execute one, `references` what it refers to, `form` the same
    from a page; `running` runs it, now or as a job.
What is answered
    `descriptions` says what there is, `statuses` where a job stands, `outcome` what came out of it;
    `routes` and `job_routes` are the addresses, `interface` describes them.
"""
