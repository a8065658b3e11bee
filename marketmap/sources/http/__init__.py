"""Requests over HTTP: paced, repeated where that helps, stopped where a host is down."""
