"""The steps from one schema of the state database to the next, each named ``vNNNN_WHAT``."""
