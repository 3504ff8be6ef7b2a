"""Replicates of confusion tensors, and what is learned from them.

Every metric of the catalogue is a function of the confusion tensor. The noise floor, the bootstrap
and the exchange test are the same functions of replicate tensors: of permuted groups, resampled
test sets, exchanged predictions.
"""
