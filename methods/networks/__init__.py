"""Networks that methods build themselves, beside the backbone of the study."""
