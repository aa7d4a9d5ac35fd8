"""Prefect flows, settings and the command line. Orchestration only: what is done is done below."""
