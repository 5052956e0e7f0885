"""The verbs as functions of a composed config: prepare, train, infer, evaluate, doctor."""
