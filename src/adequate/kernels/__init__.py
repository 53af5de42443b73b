"""Sums of products on tensors: plain parameters in, tensors out."""
