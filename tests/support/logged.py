"""The log as the files of the database have it: what lies in its table, and what is on its way there."""

LOGGED = """(
    SELECT session_id, seq, kind, message_id, at, body FROM events
    UNION
    SELECT json_extract(a.value, '$[0]'), json_extract(a.value, '$[1]'), 'piece',
        json_extract(a.value, '$[2]'), json_extract(a.value, '$[3]'), json_extract(a.value, '$[4]')
    FROM journal AS j, json_each(j.body) AS a
)"""
"""To be read like the table `events`."""
