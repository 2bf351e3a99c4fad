"""From a source file to a published generation."""
