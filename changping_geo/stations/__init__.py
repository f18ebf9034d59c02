"""Stations: road network, coverage, accessibility, siting."""
