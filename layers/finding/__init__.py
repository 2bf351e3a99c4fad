"""The parts of the search; `layers.find` is the door."""
