"""The standards' shell: pygeoapi describes what the reader released, and answers nothing else."""
