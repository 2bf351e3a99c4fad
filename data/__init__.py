"""Made data: the demo city and the demo that runs on it."""
