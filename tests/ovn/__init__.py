"""The network plane on OVN, with real packets between namespaces on several hosts of a lab."""
