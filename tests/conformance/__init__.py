"""The checklist of OGC's executable test suite for Features parts 1 and 2, against any server.

Written anew from what ets-ogcapi-features10 asks; each test is named after a row of it. Nothing
here imports the program: ``--base-url`` points it at another server (docs/conformance.md).
"""
