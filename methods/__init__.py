"""One module a mitigation method, and the few pieces that several of them share."""
