"""What people look at while a head learns: figures, strip and film of held-out frames."""
