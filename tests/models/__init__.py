"""Tests of core.models against a hub on loopback (hub_server.py)."""
