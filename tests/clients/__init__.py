"""Programs that people really use load every public collection whole: features, places, fields."""
