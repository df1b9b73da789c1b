"""GPUs as the scheduler sees them.

* `boards`: which GPUs of a board may be handed out with NVLink between them.
* `devices`: one GPU, the ways to hand it out, and what excludes what. `wishes`: what a guest asks for.
* `columns`: the GPUs of all hosts at one moment. `choice`: which of a host's GPUs a guest gets.
* `workload`: what guests usually ask for, and how much of the GPUs that are left they could not use.
"""
