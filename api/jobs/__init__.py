"""Work that outlives the request that asked for it, and the process that began it.

`job` says what a job is, `queue` keeps jobs in the state database under leases: each is ended
exactly once, whoever dies. `task` is what one who does it may ask and tell, `worker` takes jobs and
does them, `keeper` watches over it meanwhile, `crew` starts workers and replaces those that died.
"""
