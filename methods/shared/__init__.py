"""Pieces that several methods share: no method is registered here."""
