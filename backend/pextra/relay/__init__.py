"""The relay: what agents' channels and users' consoles meet in, a process of its own.

Agents connect to one of its two listeners and users to the other; nothing is ever connected to on a host. `agents`
serves the former, `users` the latter, `channels` knows which agent is there, `rendezvous` pairs a console with the
stream that its agent opens, `forwarding` passes on what both say, `waking` tells agents that there is something new,
and `server` puts it all together. What it needs to know it asks of the database; it keeps nothing.
"""
