"""Who is asking: a signed cookie, a bearer token, or one trusted user; and how much they may ask."""
