"""Benchmarks: what Doorlist does per second, as a ratio against a reference measured in the same run.

Run with `make bench`. The machine is taken as it is: every scenario alternates with a trivial application behind
the same server software, so that a busy neighbour shows in both.
"""
