"""What is asked of the tables `documents` and `originals`."""

from sqlalchemy import text

from api.database.prepared import Prepared

_COLUMNS = (
    "d.id, d.title, d.filename, d.media_type, d.bytes, d.created_at, d.status, d.progress, d.passages,"
    " d.error, d.path"
)
_THIS = "d.id = :id AND d.digest = :digest AND d.deleted_at IS NULL"
# Who is told is forgotten by the statement that has the last thing to tell.
_WAS = "FROM (SELECT id, user_id FROM documents WHERE id = :id FOR UPDATE) AS was WHERE was.id = d.id"

ALL = Prepared(
    text(
        f"SELECT {_COLUMNS} FROM documents AS d WHERE d.deleted_at IS NULL"
        " ORDER BY d.created_at DESC, d.id DESC"
    )
)
ONE = Prepared(text(f"SELECT {_COLUMNS} FROM documents AS d WHERE d.id = :id AND d.deleted_at IS NULL"))
NEWEST = Prepared(text("SELECT coalesce(max(revision), 0) AS newest FROM documents"))
WHOLE = Prepared(
    text("SELECT id, digest, status, false AS gone FROM documents WHERE deleted_at IS NULL ORDER BY revision")
)
AFTER = Prepared(
    text(
        "SELECT id, digest, status, deleted_at IS NOT NULL AS gone FROM documents WHERE revision > :after"
        " ORDER BY revision"
    )
)
THIS = Prepared(text(f"SELECT {_COLUMNS} FROM documents AS d WHERE {_THIS} AND d.status <> 'failed'"))
PIECE = Prepared(
    text(
        "SELECT o.content FROM documents AS d JOIN originals AS o ON o.document_id = d.id"
        f" WHERE {_THIS} AND o.number = :number"
    )
)
KEEP = Prepared(text("INSERT INTO originals (document_id, number, content) VALUES (:id, :number, :content)"))
DROP = Prepared(text("DELETE FROM originals WHERE document_id = :id"))
PUT = Prepared(
    text("""
    INSERT INTO documents (
        id, user_id, title, filename, media_type, digest, bytes, path, status, progress, passages,
        created_at, revision
    )
    VALUES (
        :id, :user_id, :title, :filename, :media_type, :digest, :bytes, :path, 'queued', 0, 0,
        :created_at, nextval('documents_revision')
    )
    ON CONFLICT (id) DO UPDATE SET
        user_id = excluded.user_id, title = excluded.title, filename = excluded.filename,
        media_type = excluded.media_type, digest = excluded.digest, bytes = excluded.bytes,
        path = excluded.path, status = 'queued', progress = 0, passages = 0, error = NULL,
        created_at = excluded.created_at, deleted_at = NULL, revision = excluded.revision
    """)
)
DELETE = Prepared(
    text("""
    UPDATE documents SET deleted_at = :now, revision = nextval('documents_revision'), user_id = NULL,
        title = '', filename = '', path = NULL, error = NULL
    WHERE id = :id AND deleted_at IS NULL
    """)
)
FORGET = Prepared(text("DELETE FROM documents WHERE deleted_at < :before"))
PROGRESSED = Prepared(
    text(f"""
    UPDATE documents AS d SET status = 'indexing', progress = :share
    WHERE {_THIS} AND (d.status = 'queued' OR d.status = 'indexing' AND d.progress < :share)
    RETURNING {_COLUMNS}, d.user_id
    """)
)
INDEXED = Prepared(
    text(f"""
    UPDATE documents AS d SET status = 'indexed', progress = 1, title = :title, passages = :passages,
        error = NULL, user_id = NULL
    {_WAS} AND {_THIS} AND d.status <> 'indexed' RETURNING {_COLUMNS}, was.user_id
    """)
)
FAILED = Prepared(
    text(f"""
    UPDATE documents AS d SET status = 'failed', error = :reason, user_id = NULL
    {_WAS} AND {_THIS} AND d.status IN ('queued', 'indexing') RETURNING {_COLUMNS}, was.user_id
    """)
)
