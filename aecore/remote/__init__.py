"""Runs that go to a server on another machine: what a sender does, and what a receiver keeps."""
