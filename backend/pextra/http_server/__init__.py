"""How requests reach the applications under gunicorn: whole, so that no thread waits for a slow client."""
