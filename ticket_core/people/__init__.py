"""Who works here: offices, staff with a role, their passwords, and the tokens of programs that act for them."""
