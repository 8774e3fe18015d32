"""Invented bills with planted anomalies: what no detector here was written for, in the bench's own file layout.

Eleven worlds of different make. `world_a` writes each series as level x calendar x noise; `world_b` adds up resources,
jobs, users and price tiers until a bill comes out; both were looked at while the detector was made. `world_c` adds up
bills of both into totals of accounts and services. `world_d` simulates hours, people and machines, and adds what goes
wrong as things that cost money by the hour. `world_e` is made of contracts, countries and habits, `world_f` of
customers, queues and tariffs, `world_g` of hours in local time, `world_h` of resources, `world_i` of recipes,
`world_j` of requests and the models that answer them, `world_k` of an old enterprise's books; these seven were scored
before anyone looked at them.
"""
