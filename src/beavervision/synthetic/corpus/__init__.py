"""A corpus of speech that nobody spoke: sentences, voices, and the motion that goes with them, known exactly."""
