"""The demo actor: a person that does not exist, with exact truth."""
