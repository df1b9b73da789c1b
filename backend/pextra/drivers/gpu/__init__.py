"""GPUs of a host: what is known of each.

* `interface` is the contract, `naming` how GPUs are called everywhere, `health` what is wrong with one.
* `products` and `boards` are data: the GPUs and boards that are known by name, and how a board is recognised.
* `nvml` asks NVIDIA's library, in a process of its own (`nvml_process`), for its calls may hang.
* `sim` makes up the GPUs of simulated hosts, from the same data.

What the host's kernel says of them, and what is kept of those that went to guests: `pextra.agent.gpus`.
"""
