"""What simulated users ask for: plausible requests, made from what the user believes to be there."""
