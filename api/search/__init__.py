"""One search over many collections: words, place, time, conditions.

`asking` reads the parameters against each collection, `routes` finds the features and answers.
"""
