"""A seeded simulation of a whole cloud: the real code, and around it simulated time, network, hosts and misfortune.

Everything that happens is an event in virtual time, drawn from one seed and run one after the other, so that a failure
replays exactly: `python -m pextra.simulation --seed N`. What is real: the database (SQLite), the services, the HTTP
application, the loops, the drivers of the simulated world. What is simulated: clocks, chance, the network between
clients and servers, crashes, pauses, failing drivers, and the users.

Source: the idea is FoundationDB's (Zhou et al., SIGMOD 2021, section 4); each run draws which faults it has and how
many ("swarm testing", Groce et al., ISSTA 2012).
"""
