"""What is read of a host, on machines that are written down and on this one."""
