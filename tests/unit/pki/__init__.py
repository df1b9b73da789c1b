"""The certificate authority, its hosts' side, and whom TLS then believes."""
