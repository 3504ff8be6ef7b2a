"""Parametric faces whose truth is known: the embedded default data set."""

from datasets.synthetic.dataset import Synthetic

__all__ = ["Synthetic"]
