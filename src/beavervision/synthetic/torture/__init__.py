"""Difficult scenes rendered from the actor, with exact ground truth, for tests of the preparation."""
