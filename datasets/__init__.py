"""Faces in, tensors out: one module a data set, and the types that methods and harness share."""
