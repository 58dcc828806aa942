"""Limits for the threads of linear algebra: threadpoolctl, which sets a variable when imported."""

from ._processes import environment_kept

with environment_kept():
    from threadpoolctl import ThreadpoolController, threadpool_limits

__all__ = ["ThreadpoolController", "threadpool_limits"]
