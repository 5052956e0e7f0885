"""Configuration: schemas, composition, resolvers, and construction of the classes named in YAML."""
