"""Placement as a pure function: a snapshot and a request in, a host and the reasons out.

No input or output, clock or randomness, and nothing else of the product: what is decided here can be
replayed. The decision is optimistic; whoever commits it checks capacity again in the transaction that
writes it.

* `resources`: what is asked for and what there is.
* `request`: one guest that wants a host. `groups`, `taints`: the company that it seeks or shuns, and what shuns it.
* `snapshot`: the hosts, in columns. `view`: a request before some of them.
* `gpus`: their GPUs, how they are linked, and which of them a guest gets.
* `domains`: where the guests of a group are.
* `filters`: which hosts can take it. `scores`: which of those is best.
* `place`: the decision, for one request or a batch. `explain`: its reasons, as data.
"""
