"""Scenes rendered from the actor in which preparation has to prove itself, with their exact truth."""
