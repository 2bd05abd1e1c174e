"""Hosts for the peers, as their documentation shows them. Each runs in the environment of its peer, not in ours."""
