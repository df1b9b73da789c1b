"""Tests of Pextra, and the laboratories that they run in."""
