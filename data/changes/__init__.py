"""What happens to a synthetic city's parcels after it was made: events, and how they are told.

`plots` reads the parcels that can be changed, `events` changes them, `write_nba` tells it as NAS.
"""
