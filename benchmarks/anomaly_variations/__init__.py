"""Invented bills with planted anomalies: what no detector here was tuned on, in the bench's own file layout.

Two worlds of different make. `world_a` (tuned on, beside the development split) writes each series as level x
calendar x
noise. `world_b` (reported, never tuned on) adds up resources, jobs, users and price tiers until a bill comes out.
"""
