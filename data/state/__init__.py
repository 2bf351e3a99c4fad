"""A made-up state: one city laid out many times, each with keys of its own.

`template` draws the city and `density` brings its registers to the figures asked for; `place`
says where each copy lies and what its districts are called; `filing` spells the parcel keys of
the tax register; `tables` and `terrain` write. Put together by ``data.make_state``.
"""
