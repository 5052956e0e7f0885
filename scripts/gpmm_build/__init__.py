"""The steps of scripts/build_gpmm.py: topology, template, identity, expression."""
