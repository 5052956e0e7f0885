"""Configuration: schemas, composition, resolvers, and the sole place where classes named in YAML are built."""
