"""Declarative GitOps for machine learning models and GPU-backed LLMs."""

__version__ = "0.1.0"
