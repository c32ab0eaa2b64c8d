-- One file per index. `version` grows with every write, so that readers in other processes know when to reload.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('version', 0);

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    filename TEXT NOT NULL,
    media_type TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    path TEXT,
    uri TEXT,
    model TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE passages (
    number INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    page INTEGER,
    digest BLOB NOT NULL,
    UNIQUE (document_id, ordinal)
);
CREATE INDEX passages_digest ON passages (digest);

-- By content and model: a passage that comes again is not embedded again.
CREATE TABLE vectors (
    model TEXT NOT NULL,
    digest BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (model, digest)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE words USING fts5 (
    title, text, content = 'passages', content_rowid = 'number', tokenize = 'porter unicode61'
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row);

CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO words (rowid, title, text) VALUES (new.number, new.title, new.text);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO words (words, rowid, title, text) VALUES ('delete', old.number, old.title, old.text);
END;
