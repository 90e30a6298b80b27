"""Tests of core.media with files that they make themselves."""
