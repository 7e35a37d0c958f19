"""What can be said to and heard from a person on a line. Talks to nothing."""
