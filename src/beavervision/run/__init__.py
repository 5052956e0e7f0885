"""The verbs: prepare, train, infer, evaluate, doctor."""
