"""Speech to motion: a variational autoencoder of expressions with a flow prior, conditioned on audio features."""
