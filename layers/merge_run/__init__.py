"""The parts of a merge: what is read, how each kind of relation is joined, what is written."""
