"""BGP by the FRR of a host's distribution, whose other configuration stays its administrator's."""
