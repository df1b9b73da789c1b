"""The GPUs of the host: what its kernel and their vendor's library tell, and what is remembered of those in guests.

* `cards`: the GPUs that the kernel shows, whoever drives them.
* `kept`: what the library told of each, for the time when the GPU is a guest's and the library does not see it.
* `kernel_log`: errors that NVIDIA's driver wrote there.
* `merging` puts the three together; `driver` is the whole.
"""
